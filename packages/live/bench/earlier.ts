import { DuckDBInstance } from '@duckdb/node-api';
import { openSqlite } from '@tb/locks';
import { random, tempRoot } from '@tb/testkit';
import { encodeTicks } from '../src/codec.ts';
import { child } from './child.ts';
import { READERS } from './ingest.ts';
import { BATCH, OPEN } from './market.ts';
import { tickBatch } from './workload.ts';

/** The same BLOBs into a bare table: what SQLite itself can do here. */
export function rawInserts(synchronous: 'full' | 'normal', seconds: number): number {
  using root = tempRoot('bench-raw');
  const db = openSqlite(root.at('raw.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.exec('CREATE TABLE tail (first_seq INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO tail VALUES (?, ?)');
  const { ts, price, volume, bid, ask } = tickBatch(random('raw'), BATCH, OPEN, 1_000n);
  const columns = { rows: BATCH, sid: new Int32Array(BATCH), ts, price, volume };
  let rows = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < seconds * 1_000) {
    const { data } = encodeTicks({ ...columns, bid: bid!, ask: ask! });
    insert.run(rows + 1, data);
    rows += BATCH;
  }
  const rate = (rows * 1_000) / (performance.now() - startMs);
  db.close();
  return rate;
}

/** The scheme of the earlier system: one DuckDB file, opened, appended to and closed twice a second, beside readers. */
export async function openAppendClose(
  seconds: number,
): Promise<{ failedShare: number; tries: number }> {
  using root = tempRoot('bench-duckdb');
  const path = root.at('live.duckdb');
  const append = async (rows: number): Promise<void> => {
    const instance = await DuckDBInstance.create(path, { threads: '1' });
    const connection = await instance.connect();
    await connection.run('CREATE TABLE IF NOT EXISTS t (ts BIGINT, price DOUBLE)');
    await connection.run(`INSERT INTO t SELECT range, random() FROM range(${rows})`);
    connection.closeSync();
    instance.closeSync();
  };
  await append(1);
  const readers = await Promise.all(
    Array.from({ length: READERS }, () =>
      child<{ tries: number; failed: number }>('duckdb-reader', { path, pauseMs: 50 }),
    ),
  );
  const startMs = performance.now();
  while (performance.now() - startMs < seconds * 1_000) {
    await append(BATCH).catch(() => {}); // refused when a reader has the file: the scheme's other failure
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const reports = await Promise.all(readers.map((reader) => reader.report()));
  const tries = reports.reduce((sum, report) => sum + report.tries, 0);
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  return { failedShare: failed / tries, tries };
}
