import type { LiveMetrics } from '@tb/live';
import type { TickBatch } from '@tb/schema';
import { random, tempRoot } from '@tb/testkit';
import { child } from './child.ts';
import { BATCH, EXCHANGE, OPEN, openBuffer } from './market.ts';
import { tickBatch } from './workload.ts';

export const READERS = 4;
type Synchronous = 'full' | 'normal';

interface Seen {
  readonly reads: number;
  readonly rssMb: number;
  readonly seen: readonly (readonly [seq: string, atNs: string])[];
}

export interface Ingest {
  readonly rowsPerSecond: number;
  readonly metrics: LiveMetrics;
  readonly visibleMs: readonly number[];
  readonly reads: number;
  readonly readerRssMb: number;
}

/** Batches of 1,000 for some seconds, 20 calls under way, beside readers that poll every 5 ms. */
export async function ingest(synchronous: Synchronous, seconds: number, pace = 0): Promise<Ingest> {
  using root = tempRoot('bench');
  const buffer = await openBuffer(root.path, { synchronous });
  const options = { root: root.path, exchange: EXCHANGE, pollMs: 5 };
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => child<Seen>('poller', options)),
  );
  const rng = random('ingest');
  const batches = Array.from({ length: 50 }, () => tickBatch(rng, BATCH, OPEN, 1_000n));
  const committed: [seq: bigint, atNs: bigint][] = [];
  const pending: Promise<unknown>[] = [];
  const startMs = performance.now();
  for (let i = 0; performance.now() - startMs < seconds * 1_000; i++) {
    const acked = buffer
      .append(shifted(batches[i % batches.length]!, BigInt(i) * 1_000_000n))
      .then((ack) => {
        committed.push([ack.lastSeq!, process.hrtime.bigint()]);
      });
    pending.push(acked);
    if (pending.length >= 20) await pending.shift();
    if (pace > 0) await new Promise((resolve) => setTimeout(resolve, pace));
  }
  await Promise.all(pending);
  const rowsPerSecond = (committed.length * BATCH * 1_000) / (performance.now() - startMs);
  const metrics = buffer.metrics();
  const reports = await Promise.all(readers.map((reader) => reader.report()));
  await buffer.close();
  return {
    rowsPerSecond,
    metrics,
    visibleMs: reports.flatMap(({ seen }) => latencies(committed, seen)),
    reads: reports.reduce((sum, { reads }) => sum + reads, 0),
    readerRssMb: Math.max(...reports.map(({ rssMb }) => rssMb)),
  };
}

/** The same rows, later by `byNs`. */
export function shifted(batch: TickBatch, byNs: bigint): TickBatch {
  return { ...batch, ts: batch.ts.map((ts) => ts + byNs) };
}

/** From each ack to the first read that had its rows. */
function latencies(committed: readonly [bigint, bigint][], seen: Seen['seen']): number[] {
  const all: number[] = [];
  let at = 0;
  for (const [seq, ackedNs] of committed) {
    while (at < seen.length && BigInt(seen[at]![0]) < seq) at++;
    if (at < seen.length) all.push(Math.max(0, Number(BigInt(seen[at]![1]) - ackedNs) / 1e6));
  }
  return all;
}
