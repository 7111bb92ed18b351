import type { Scenario } from '../scenario.ts';
import {
  candleProblems,
  feedCandles,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
} from './market.ts';
import { CANDLE_INPUT, hasResult, mustRun, tb } from './tb.ts';

/** `tb rebuild-manifest`: the old catalogue or the new one, and every row in both. */
export const scenario: Scenario = {
  name: 'rebuild-manifest',
  commands: ['rebuild-manifest'],
  prepare: async (root) => {
    const days = feedCandles(root, { days: 1, symbols: 2, seed: 'rebuild' });
    await mustRun(root, 'init');
    await mustRun(root, 'import', ...days, ...CANDLE_INPUT);
  },
  command: (root) => tb(root, 'rebuild-manifest'),
  promises: hasResult,
  check: async (root, { completed }) => [
    ...candleProblems(await nseRows(root), keptKeys(root), true),
    ...litterProblems(root, completed),
  ],
  digest: marketDigest,
};
