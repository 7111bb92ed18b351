import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';
import { writeCandles } from './feed.ts';
import { candleProblems, keptKeys, litterProblems, marketDigest, nseRows } from './market.ts';
import { CANDLE_INPUT, hasResult, mustRun, tb } from './tb.ts';

/** `tb rebuild-manifest`: the old catalogue or the new one, and every row in both. */
export const scenario: Scenario = {
  name: 'rebuild-manifest',
  commands: ['rebuild-manifest'],
  prepare: async (root) => {
    const keys = writeCandles(join(root, 'day.csv'), { symbols: 2, seed: 'rebuild' });
    writeFileSync(join(root, 'sent'), keys.join('\n'));
    await mustRun(root, 'init');
    await mustRun(root, 'import', 'day.csv', ...CANDLE_INPUT);
  },
  command: (root) => tb(root, 'rebuild-manifest'),
  promises: hasResult,
  check: async (root, { completed }) => [
    ...candleProblems(await nseRows(root), keptKeys(root, 'sent'), true),
    ...litterProblems(root, completed),
  ],
  digest: marketDigest,
};
