import { openBuildInstance } from '@tb/history';
import { LiveReader, type LiveSnapshot, type TickChunk } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { liveMarker } from '../import/additions.ts';
import { STAGE_COLUMNS } from '../import/stage-job.ts';
import { serveWorker } from '../worker/serve-worker.ts';
import { attachTicks, loadChunks, loadSupplied } from './live-relation.ts';
import type { WaitingJob } from './waiting-job.ts';
import { isIn, waitingRows } from './waiting-rows.ts';

type Connection = Awaited<ReturnType<typeof openBuildInstance>>['connection'];

serveWorker(async (job: WaitingJob): Promise<void> => {
  using reader = LiveReader.open({
    ...{ layout: layoutOf(job.root), exchange: job.exchange, candles: 'supplied' },
  });
  const snapshot = reader.snapshot();
  const { throughSeq } = job.rows;
  const range = { afterSeq: job.afterSeq, throughSeq };
  const found = waitingRows(snapshot, job.tradingDate, job.part, range);
  if (found === undefined || liveMarker(found) !== liveMarker(job.rows))
    throw new OpsError(
      'FREEZE_MOVED',
      `${job.exchange} ${job.tradingDate} has ${found?.rows ?? 0} waiting rows up to seq ${throughSeq}, expected ${job.rows.rows}`,
    );
  await using instance = await openBuildInstance({ memoryLimitMb: job.memoryLimitMb });
  const { connection } = instance;
  const ticks = await ticksOf(connection, snapshot, job);
  await connection.run(`ATTACH '${job.stagePath.replaceAll("'", "''")}' AS staged (TYPE duckdb)`);
  await connection.run(
    `CREATE TABLE staged.stage (${STAGE_COLUMNS});
     INSERT INTO staged.stage SELECT DATE '${job.tradingDate}', sid, epoch_ns(ts), 0, seq, price, volume, bid, ask, NULL FROM (${ticks});
     CHECKPOINT staged; DETACH staged`,
  );
});

/** @throws `DATE_CONFLICT` when candles were supplied besides: they are in no tick, so nothing would take them along. */
async function ticksOf(
  connection: Connection,
  snapshot: LiveSnapshot,
  job: WaitingJob,
): Promise<string> {
  const { tradingDate } = job;
  if (job.part === 'late') {
    const range = { afterSeq: job.afterSeq, throughSeq: job.rows.throughSeq };
    const isWanted = (chunk: TickChunk): boolean =>
      chunk.tradingDate === tradingDate && isIn(chunk.lastSeq, range);
    return await loadChunks(connection, 'late', snapshot.late.filter(isWanted));
  }
  const ticks = await attachTicks(connection, snapshot, tradingDate);
  if (
    ticks === undefined ||
    (await loadSupplied(connection, snapshot, tradingDate, ticks)) !== undefined
  )
    throw new OpsError(
      'DATE_CONFLICT',
      `${job.exchange} ${tradingDate} is published, and the live buffer holds supplied candles of it`,
    );
  return ticks;
}
