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

/** `tb ingest` of one file: an interrupted one goes on where it stopped, and stores nothing twice. */
export const scenario: Scenario = {
  name: 'ingest',
  commands: ['ingest'],
  prepare: async (root) => {
    feedTicks(root, 3000, 8);
    await mustRun(root, 'init');
  },
  command: (root) => tb(root, 'ingest', 'feed.csv', ...TICK_INPUT, '--date', DATE),
  promises: hasResult,
  // A rerun whose symbols are all known takes no lock of market_data.
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => [
    ...tickProblems(await nseRows(root), keptKeys(root), promised),
    ...litterProblems(root, completed),
  ],
  digest: marketDigest,
  mutate: (options) => mutateCompleted(scenario, /live\.db$/, options),
};
