import { DuckDBInstance } from '@duckdb/node-api';
import { LiveReader } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { random, tempRoot } from '@tb/testkit';
import { loadTicks } from '../src/load.ts';
import { BATCH, DATE, EXCHANGE, OPEN, openBuffer } from './market.ts';
import { quantile, SYMBOLS, tickBatch } from './workload.ts';

export interface Reads {
  readonly lastMs: number;
  readonly duckdbMs: number;
  readonly candlesMs: number;
  readonly candles: number;
}

/** A tail of 100,000 ticks and a day of candles of 120 symbols. */
export async function reads(): Promise<Reads> {
  using root = tempRoot('bench-reads');
  const layout = layoutOf(root.path);
  const buffer = await openBuffer(root.path, { synchronous: 'normal', seal: { auto: false } });
  const rng = random('reads');
  for (let i = 0; i < 100; i++)
    await buffer.append(tickBatch(rng, BATCH, OPEN + BigInt(i) * 240_000_000_000n, 240_000_000n));
  using reader = LiveReader.open({ layout, exchange: EXCHANGE });
  const snapshot = reader.snapshot();
  const lastMs = time(() => snapshot.lastTicks(1 + rng.below(SYMBOLS), 100), 200);
  const candlesMs = time(() => {
    const { sid, close } = snapshot.candles(DATE, { forming: true });
    const wanted = 1 + rng.below(SYMBOLS);
    return close.subarray(sid.indexOf(wanted), sid.lastIndexOf(wanted) + 1);
  }, 20);
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE t (sid INTEGER, ts TIMESTAMP_NS, seq BIGINT, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE)',
  );
  await loadTicks(connection, 't', snapshot.tail);
  const durations: number[] = [];
  for (let i = 0; i < 30; i++) {
    const startMs = performance.now();
    await connection.runAndReadAll(
      `SELECT * FROM t WHERE sid = ${1 + rng.below(SYMBOLS)} ORDER BY ts DESC, seq DESC LIMIT 100`,
    );
    durations.push(performance.now() - startMs);
  }
  connection.closeSync();
  instance.closeSync();
  await buffer.close();
  return {
    lastMs,
    duckdbMs: quantile(durations, 0.5),
    candlesMs,
    candles: snapshot.candles(DATE, { forming: true }).rows,
  };
}

function time(work: () => unknown, times: number): number {
  const durations: number[] = [];
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    work();
    durations.push(performance.now() - startMs);
  }
  return quantile(durations, 0.5);
}
