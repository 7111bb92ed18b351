import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_LITTER } from '../litter.ts';
import { openCopy } from '../oracle/open-copy.ts';
import { sha256 } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import {
  candleProblems,
  feedCandles,
  keptKeys,
  litterProblems,
  marketDigest,
  nseRows,
} from './market.ts';
import { CANDLE_INPUT, dataRoot, hasResult, mustRun, tb } from './tb.ts';

interface MonthRow {
  readonly timeframe: string;
  readonly month: string;
  readonly path: string;
  readonly rows: bigint;
  readonly sha256: string;
}

function monthRows(root: string): MonthRow[] {
  using copy = openCopy(join(dataRoot(root), 'market_data/manifest.db'));
  return copy.db
    .prepare('SELECT timeframe, month, path, rows, sha256 FROM months ORDER BY 1, 2')
    .all() as MonthRow[];
}

/** `tb months`: a month that is listed is whole, and the days stay. */
export const scenario: Scenario = {
  name: 'months',
  commands: ['months'],
  prepare: async (root) => {
    const days = feedCandles(root, { days: 2, symbols: 2, seed: 'months' });
    await mustRun(root, 'init');
    await mustRun(root, 'import', ...days, ...CANDLE_INPUT);
  },
  command: (root) => tb(root, 'months', '--exchange', 'nse'),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const months = monthRows(root);
    const broken = months.filter(
      (row) => sha256(readFileSync(join(dataRoot(root), row.path))) !== row.sha256,
    );
    return [
      ...broken.map(({ path }) => `${path} is not the file that the manifest lists`),
      ...(promised && months.length === 0 ? ['no month is listed'] : []),
      ...candleProblems(await nseRows(root), keptKeys(root), true),
      ...litterProblems(root, completed),
    ];
  },
  digest: async (root) => {
    const months = monthRows(root).map(
      ({ timeframe, month, rows }) => `${timeframe} ${month} ${rows}`,
    );
    return sha256(`${await marketDigest(root)} ${months.join()}`);
  },
};
