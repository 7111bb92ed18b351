import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import {
  candleProblems,
  feedCandles,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
} from './market.ts';
import { mutateCompleted } from './mutations.ts';
import { CANDLE_INPUT, hasResult, mustRun, tb } from './tb.ts';

/** `tb import` of two trading dates: each is published whole or not at all. */
export const scenario: Scenario = {
  name: 'import',
  commands: ['import'],
  prepare: async (root) => {
    feedCandles(root, { days: 2, symbols: 3, seed: 'import' });
    await mustRun(root, 'init');
  },
  command: (root) => tb(root, 'import', 'day0.csv', 'day1.csv', ...CANDLE_INPUT),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    const problems = candleProblems(rows, keptKeys(root), promised);
    const dates = new Set(rows.published.map((line) => line.split(' ')[2]));
    if (rows.published.length !== 5 * dates.size)
      problems.push(`a date is published in part: ${rows.published.join('; ')}`);
    return [...problems, ...litterProblems(root, completed)];
  },
  digest: marketDigest,
  mutate: (options) => mutateCompleted(scenario, /\.duckdb$/, options),
};
