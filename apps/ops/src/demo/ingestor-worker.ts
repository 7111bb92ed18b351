import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager } from '@tb/manager';
import { OpsError } from '../errors.ts';
import { serveChild, wallMs } from './child.ts';
import { type Feed, feedBatches } from './feed.ts';

export interface IngestorJob {
  readonly root: string;
  readonly exchange: string;
  readonly tradingDate: string;
  readonly feed: Feed;
  /** Batches up to this number of the feed were acknowledged before. */
  readonly after: bigint;
  readonly rowsPerSecond: number;
}

export type IngestorMessage =
  | { readonly type: 'ready' }
  /** Acknowledged: COMMIT returned, the rows are on the disk. `seq` and `ms` are for measuring freshness. */
  | {
      readonly type: 'ack';
      readonly through: bigint;
      readonly rows: number;
      readonly duplicates: number;
      readonly seq: bigint;
      readonly ms: number;
    }
  | { readonly type: 'done'; readonly commits: number; readonly segments: number };

serveChild<IngestorJob, IngestorMessage>(async (job, say, stop) => {
  await using manager = await DatabaseManager.open({
    root: job.root,
    role: 'ingestor',
    exchanges: [job.exchange],
    waitMs: 5000,
  });
  const live = manager.live(job.exchange);
  const session = manager.calendarOf(job.exchange).sessionOf(job.tradingDate);
  if (!session)
    throw new OpsError(
      'NO_SESSION',
      `Exchange ${job.exchange} has no session on ${job.tradingDate}`,
    );
  say({ type: 'ready' });
  const startedMs = wallMs();
  let sent = 0;
  for await (const batch of feedBatches(job.feed, session)) {
    const through = batch.sourceSeq[batch.sourceSeq.length - 1] ?? 0n;
    if (through <= job.after) continue;
    if (stop.aborted) break;
    const ack = await live.append(batch, { tradingDate: job.tradingDate });
    say({
      type: 'ack',
      through,
      rows: ack.rows,
      duplicates: ack.duplicates,
      seq: ack.lastSeq ?? 0n,
      ms: wallMs(),
    });
    sent += batch.sourceSeq.length;
    const aheadMs = (sent / job.rowsPerSecond) * 1000 - (wallMs() - startedMs);
    if (aheadMs > 1) await sleep(aheadMs);
  }
  const { commits, segments } = live.metrics();
  say({ type: 'done', commits, segments });
});
