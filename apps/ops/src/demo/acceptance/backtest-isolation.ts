import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '@tb/calendar';
import type { Layout } from '@tb/schema';
import { runWorker } from '../../worker/run-worker.ts';
import type { BacktestJob } from '../backtest-worker.ts';
import type { HashJob } from '../hash-worker.ts';
import type { Acceptance } from './acceptance.ts';

/** sha256 of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Checksums of every other database before and after a run are equal. The run works in a process of its own. */
export async function backtestIsolation(
  layout: Layout,
  exchange: string,
  session: Session,
  symbols: readonly string[],
): Promise<Acceptance> {
  const before = await hashOthers(layout);
  const job: BacktestJob = {
    root: layout.root,
    exchange,
    symbols: symbols.slice(0, 5),
    from: session.windowFrom,
    to: session.windowTo,
  };
  const { runId, trades } = await runWorker<{ runId: string; trades: number }>(
    'demo/backtest-worker.js',
    job,
  );
  const after = await hashOthers(layout);
  const changed = [...after]
    .filter(([path, sha256]) => before.get(path) !== sha256)
    .map(([path]) => path);
  const gone = [...before.keys()].filter((path) => !after.has(path));
  return {
    name: 'Backtest isolation',
    isPassed: changed.length === 0 && gone.length === 0 && before.size > 0,
    figure: `${runId} with ${trades} trades: sha256 of ${before.size} files of other databases before and after: ${changed.length + gone.length} changed${changed.length > 0 ? ` (${changed.join(', ')})` : ''}`,
  };
}

/** sha256 of every database file outside `backtest/`, by relative path; in a child, since closing a file drops locks on it. */
async function hashOthers(layout: Layout): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(layout.root, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile() && /\.(?:duckdb|db|db-wal|parquet)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(layout.root.length + 1))
    .filter((path) => !path.startsWith('backtest'));
  const job: HashJob = { root: layout.root, paths };
  const hashes = await runWorker<[string, string][]>('demo/hash-worker.js', job);
  // A reader of a SQLite database in WAL mode makes an empty log beside it: that changes nothing.
  return new Map(hashes.filter(([path, sha256]) => !(path.endsWith('-wal') && sha256 === EMPTY)));
}
