import { join } from 'node:path';
import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import { writeCandles } from './feed.ts';
import {
  candleProblems,
  keepKeys,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
} from './market.ts';
import { CANDLE_INPUT, hasResult, mustRun, tb } from './tb.ts';

/** `tb import --correct`: the old revision is read, or the new one, never a mixture. */
export const scenario: Scenario = {
  name: 'correct',
  commands: ['import'],
  prepare: async (root) => {
    for (const name of ['old', 'new']) {
      const keys = writeCandles(join(root, `${name}.csv`), { symbols: 3, seed: name });
      keepKeys(root, keys, `${name}.keys`);
    }
    await mustRun(root, 'init');
    await mustRun(root, 'import', 'old.csv', ...CANDLE_INPUT);
  },
  command: (root) =>
    tb(
      root,
      'import',
      'new.csv',
      ...CANDLE_INPUT,
      '--correct',
      '--reason',
      'the vendor sent new prices',
    ),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    const isNew = rows.published.some((line) => / r2 /.test(line));
    if (promised && !isNew) return ['said to be done, but the first revision is still the newest'];
    const mixed = new Set(rows.published.map((line) => line.split(' ')[3])).size > 1;
    return [
      ...(mixed ? [`a date is corrected in part: ${rows.published.join('; ')}`] : []),
      ...candleProblems(rows, keptKeys(root, isNew ? 'new.keys' : 'old.keys'), true),
      ...litterProblems(root, completed),
    ];
  },
  digest: marketDigest,
};
