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
import { hasResult, mustRun, TICK_INPUT, tb } from './tb.ts';

/** `tb archive`: a day file goes only after its Parquet copy is there; every row is readable all the time. */
export const scenario: Scenario = {
  name: 'archive',
  commands: ['archive'],
  prepare: async (root) => {
    feedTicks(root, 1000, 4);
    await mustRun(root, 'init');
    await mustRun(root, 'ingest', 'feed.csv', ...TICK_INPUT, '--date', DATE);
    await mustRun(root, 'rollover', '--exchange', 'nse', '--date', DATE);
  },
  command: (root) =>
    tb(
      root,
      'archive',
      '--exchange',
      'nse',
      '--tick-days',
      '1',
      '--minute-days',
      '1',
      '--today',
      '2026-06-01',
    ),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed }) => {
    const rows = await nseRows(root);
    return [
      ...tickProblems(rows, keptKeys(root), true),
      ...(rows.published.length === 6 ? [] : [`published: ${rows.published.join('; ')}`]),
      ...litterProblems(root, completed),
    ];
  },
  digest: marketDigest,
};
