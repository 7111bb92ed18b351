import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import { DATE } from './feed.ts';
import {
  feedTicks,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
  tickProblems,
} from './market.ts';
import { mutateCompleted } from './mutations.ts';
import { hasResult, mustRun, TICK_INPUT, tb } from './tb.ts';

/** `tb rollover`: at every moment each tick is in the live buffer or in a published file, and in one of them only. */
export const scenario: Scenario = {
  name: 'rollover',
  commands: ['rollover'],
  prepare: async (root) => {
    feedTicks(root, 3000, 8);
    await mustRun(root, 'init');
    await mustRun(root, 'ingest', 'feed.csv', ...TICK_INPUT, '--date', DATE);
  },
  command: (root) => tb(root, 'rollover', '--exchange', 'nse', '--date', DATE),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    const problems = tickProblems(rows, keptKeys(root), true);
    if (promised && rows.published.length !== 6)
      problems.push(`published: ${rows.published.join('; ')}`);
    const dates = new Set(rows.published.map((line) => line.split(' ')[2]));
    if (rows.published.length > 0 && rows.published.length !== 6 * dates.size)
      problems.push('a date is published in part');
    return [...problems, ...litterProblems(root, completed)];
  },
  digest: marketDigest,
  mutate: (options) => mutateCompleted(scenario, /\.duckdb$/, options),
};
