import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCopy } from '../oracle/open-copy.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import { DATE, NEXT_DATE, writeCandles } from './feed.ts';
import { marketDigest } from './market.ts';
import { CANDLE_INPUT, dataRoot, mustRun, STORES } from './tb.ts';

/** A row of the index of runs. */
export interface RunRow {
  readonly run_id: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly parameters: string;
  readonly metrics: string | null;
  readonly path: string;
  readonly sha256: string | null;
}

/** A data root with one imported day of candles of two symbols. */
export async function prepareHistory(root: string): Promise<void> {
  writeCandles(join(root, 'day.csv'), { symbols: 2, seed: 'backtest' });
  await mustRun(root, 'init');
  await mustRun(root, 'import', 'day.csv', ...CANDLE_INPUT);
}

/** What a run reads, as arguments of `tb backtest`. */
export const RANGE: readonly string[] = [
  '--exchange',
  'nse',
  '--symbols',
  'NSE_EQ|TEST0001',
  '--from',
  DATE,
  '--to',
  NEXT_DATE,
  '--timeframe',
  '5m',
];

export function runRows(root: string): RunRow[] {
  using copy = openCopy(join(dataRoot(root), 'backtest/index.db'));
  return copy.db
    .prepare(
      'SELECT run_id, state, parameters, metrics, path, sha256 FROM runs ORDER BY started_at',
    )
    .all() as RunRow[];
}

/**
 * A finished run has its file, whole; after a completed command nothing is left of runs that died.
 *
 * @param mayBeGone Runs that are being removed: the file goes before the row, so that no file is left that nobody lists.
 */
export function runProblems(
  root: string,
  completed: boolean,
  mayBeGone: (run: RunRow, index: number, all: readonly RunRow[]) => boolean = () => false,
): string[] {
  const rows = runRows(root);
  const problems: string[] = [];
  for (const [index, row] of rows.entries()) {
    const { run_id, path, sha256: expected } = row;
    const file = join(dataRoot(root), path);
    if (row.state !== 'done') continue;
    if (!existsSync(file)) {
      if (completed || !mayBeGone(row, index, rows))
        problems.push(`run ${run_id} is done, its file is missing`);
    } else if (sha256(readFileSync(file)) !== expected)
      problems.push(`the file of run ${run_id} is not the one of the index`);
  }
  if (!completed) return problems;
  if (rows.some(({ state }) => state === 'running'))
    problems.push('a run that died still counts as running');
  const folder = join(dataRoot(root), 'backtest/runs');
  const listed = new Set(rows.map(({ path }) => path.split('/').pop()));
  const extra = readdirSync(folder).filter((name) => !listed.has(name));
  if (extra.length > 0) problems.push(`files of no run: ${extra.slice(0, 3).join(', ')}`);
  return problems;
}

/** All but the runs: no backtest may change it. */
export async function surroundings(root: string): Promise<string> {
  const stores = STORES.filter((store) => !store.startsWith('backtest')).map((store) =>
    storeContent(join(dataRoot(root), store)),
  );
  return sha256([await marketDigest(root), ...stores].join('\n'));
}

/** Parameters and metrics of a finished run. */
export const resultOf = ({ parameters, metrics }: RunRow): string => `${parameters} ${metrics}`;
