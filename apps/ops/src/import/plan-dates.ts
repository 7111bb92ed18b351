import { type FileEntry, Manifest, type ManifestSnapshot } from '@tb/history';
import { isLiveError, LiveReader } from '@tb/live';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { ImportDate } from './build-job.ts';
import type { StageResult } from './stage-job.ts';

/**
 * The staged dates with what is published of them.
 * @throws `DATE_LIVE` for a date that is still in the live buffer: its rows are the ingestor's.
 */
export function planDates(exchange: string, layout: Layout, staged: StageResult): ImportDate[] {
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const live = liveDates(layout, exchange);
  return staged.dates.map(({ tradingDate, rows }) => {
    if (live.has(tradingDate) && !snapshot.isPublished(exchange, tradingDate))
      throw new OpsError('DATE_LIVE', `${exchange} ${tradingDate} is in the live buffer`);
    const revision = snapshot.nextRevision(exchange, tradingDate);
    const published = newestOf(snapshot, exchange, tradingDate);
    return { tradingDate, rows, revision, published };
  });
}

function newestOf(snapshot: ManifestSnapshot, exchange: string, tradingDate: string): FileEntry[] {
  const newest = new Map<string, FileEntry>();
  for (const file of snapshot.revisionsOf(exchange, tradingDate)) {
    const key = `${file.kind} ${file.timeframe}`;
    if (file.tier !== 'pruned' && (newest.get(key)?.revision ?? 0) < file.revision)
      newest.set(key, file);
  }
  return [...newest.values()];
}

function liveDates(layout: Layout, exchange: string): ReadonlySet<string> {
  try {
    using reader = LiveReader.open({ layout, exchange });
    return new Set(
      reader
        .snapshot()
        .days.filter((day) => day.state !== 'cleared')
        .map((day) => day.tradingDate),
    );
  } catch (error) {
    if (isLiveError(error, 'LIVE_ABSENT')) return new Set();
    throw error;
  }
}
