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

/** `tb prune` of a superseded revision: the newest one is read, before and after. */
export const scenario: Scenario = {
  name: 'prune',
  commands: ['prune'],
  prepare: async (root) => {
    writeCandles(join(root, 'old.csv'), { symbols: 1, seed: 'old' });
    keepKeys(root, writeCandles(join(root, 'new.csv'), { symbols: 1, seed: 'new' }));
    await mustRun(root, 'init');
    await mustRun(root, 'import', 'old.csv', ...CANDLE_INPUT);
    await mustRun(
      root,
      'import',
      'new.csv',
      ...CANDLE_INPUT,
      '--correct',
      '--reason',
      'new prices',
    );
  },
  command: (root) => tb(root, 'prune', '--keep-days', '0'),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed }) => [
    ...candleProblems(await nseRows(root), keptKeys(root), true),
    ...litterProblems(root, completed),
  ],
  digest: marketDigest,
};
