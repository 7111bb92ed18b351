import { random, tempRoot } from '@tb/testkit';
import { child } from './child.ts';
import { shifted } from './ingest.ts';
import { BATCH, DATE, EXCHANGE, OPEN, openBuffer } from './market.ts';
import { tickBatch } from './workload.ts';

export interface Day {
  readonly ticks: number;
  readonly rowsPerSecond: number;
  readonly segments: number;
  /** Of another process: its first look at the day, and those after it. */
  readonly reader: DayReader;
}

export interface DayReader {
  readonly rssMb: number;
  readonly firstCandlesMs: number;
  readonly candlesMs: number;
  readonly lastTicksMs: number;
  readonly candles: number;
}

/** A whole day of ticks with seals and compactions as they come, then a process that reads it. */
export async function day(ticks: number): Promise<Day> {
  using root = tempRoot('bench-day');
  const buffer = await openBuffer(root.path, { synchronous: 'normal' });
  const rng = random('day');
  // A day of 20 hours, whatever the number of ticks.
  const stepNs = BigInt(Math.floor((20 * 3_600e9) / ticks));
  const batches = Array.from({ length: 20 }, () => tickBatch(rng, BATCH, OPEN, stepNs));
  const startMs = performance.now();
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < ticks / BATCH; i++) {
    pending.push(
      buffer.append(shifted(batches[i % batches.length]!, BigInt(i) * stepNs * BigInt(BATCH))),
    );
    if (pending.length >= 20) await pending.shift();
  }
  await Promise.all(pending);
  const rowsPerSecond = (ticks * 1_000) / (performance.now() - startMs);
  // A day in its own time has a tail of 100,000 ticks at most; this one came in a minute.
  await buffer.seal();
  const reader = await child<DayReader>('day-reader', {
    root: root.path,
    exchange: EXCHANGE,
    date: DATE,
  });
  const report = await reader.report();
  const { segments } = buffer.metrics();
  await buffer.close();
  return { ticks, rowsPerSecond, segments, reader: report };
}
