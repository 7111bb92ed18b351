import type { LiveBuffer } from '@tb/live';
import type { IngestCounts } from './row-sink.ts';

/** @returns a function that gives one line of figures, its rate since the call before. */
export function meterLine(live: LiveBuffer, counts: IngestCounts): () => string {
  let [beforeMs, beforeRows] = [performance.now(), 0];
  return () => {
    const nowMs = performance.now();
    const rate = ((counts.rowsRead - beforeRows) * 1000) / Math.max(nowMs - beforeMs, 1);
    [beforeMs, beforeRows] = [nowMs, counts.rowsRead];
    const { commits, commitP50Ms, commitP99Ms, ...metrics } = live.metrics();
    const fields: [string, string | number][] = [
      ['rows_read', counts.rowsRead],
      ['rows_per_s', Math.round(rate)],
      ['accepted', counts.rowsAccepted],
      ['duplicate', counts.rowsDuplicate],
      ['rejected', counts.rowsRejected],
      ['late', counts.rowsLate],
      ['queue_rows', metrics.queueRows],
      ['commits', commits],
      ['commit_p50_ms', commitP50Ms.toFixed(1)],
      ['commit_p99_ms', commitP99Ms.toFixed(1)],
      ['lag_ms', metrics.lagMs === undefined ? '-' : Math.round(metrics.lagMs)],
      ['tail_rows', metrics.tailRows],
      ['segments', metrics.segments],
      ['wal_bytes', metrics.walBytes],
      ['loop_stall_max_ms', metrics.loopStallMaxMs.toFixed(1)],
    ];
    return `ingest ${live.exchange}: ${fields.map(([name, value]) => `${name}=${value}`).join(' ')}`;
  };
}
