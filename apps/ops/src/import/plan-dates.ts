import { createHash } from 'node:crypto';
import { type FileEntry, Manifest, type ManifestSnapshot } from '@tb/history';
import { isLiveError, LiveReader } from '@tb/live';
import { Calendars } from '@tb/manager/calendars';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { additionsOf, fileMarker, lineageOf, originOf } from './additions.ts';
import type { BuildJob, ImportDate, ImportMode } from './build-job.ts';
import type { StagedDate, StageResult } from './stage-job.ts';

/** How staged dates become revisions. */
export interface DatePlan {
  readonly exchange: string;
  readonly layout: Layout;
  readonly input: BuildJob['input'];
  readonly mode: ImportMode;
  readonly startedAt: Date;
}

/**
 * The staged dates with what is published of them. Rows of a file that was added to a date before are left out of it.
 * @throws `DATE_LIVE` for a date that is still in the live buffer, or whose session has not closed: its rows are the
 *   ingestor's, and published ones would hide those that it is still to write.
 */
export function planDates(plan: DatePlan, staged: StageResult): ImportDate[] {
  const { exchange, layout } = plan;
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const live = liveDates(layout, exchange);
  refuseOpen(plan, staged);
  return staged.dates.map((date) => {
    if (live.has(date.tradingDate) && !snapshot.isPublished(exchange, date.tradingDate))
      throw new OpsError('DATE_LIVE', `${exchange} ${date.tradingDate} is in the live buffer`);
    return planDate(plan, snapshot, date, staged.sha256);
  });
}

function refuseOpen({ exchange, layout, startedAt }: DatePlan, { dates }: StageResult): void {
  const calendar = new Calendars(layout).of(exchange);
  const now = BigInt(startedAt.getTime()) * 1_000_000n;
  for (const { tradingDate } of dates) {
    const close = calendar.sessionOf(tradingDate)?.close;
    if (close === undefined || close <= now) continue;
    const at = new Date(Number(close / 1_000_000n)).toISOString();
    throw new OpsError('DATE_LIVE', `${exchange} ${tradingDate} is open until ${at}`, {
      hint: 'Import it after its close, or send the rows to `tb ingest`; a time in the future may have the wrong zone or unit.',
    });
  }
}

function planDate(
  plan: DatePlan,
  snapshot: ManifestSnapshot,
  { tradingDate, files }: StagedDate,
  sha256: readonly string[],
): ImportDate {
  const before = publishedBefore(snapshot, plan.exchange, tradingDate, plan.input);
  const markerOf = (file: number): string => fileMarker(sha256[file] ?? '');
  const isSkipped = (file: number): boolean =>
    plan.mode === 'add' && before.additions.has(markerOf(file));
  const rowsOf = (numbers: readonly number[]): number =>
    numbers.reduce((sum, file) => sum + (files.get(file) ?? 0), 0);
  const skippedFiles = [...files.keys()].filter(isSkipped);
  const added = [...files.keys()].filter((file) => !isSkipped(file));
  return {
    tradingDate,
    skippedFiles,
    rows: rowsOf(added),
    rowsSkipped: rowsOf(skippedFiles),
    ...before,
    sourceFingerprint:
      plan.mode === 'add'
        ? lineageOf(before.origin, before.additions, added.map(markerOf))
        : lineageOf(`import/${digestOf(sha256)}`, before.additions),
  };
}

/** What a new revision of a trading date builds upon. */
export function publishedBefore(
  snapshot: ManifestSnapshot,
  exchange: string,
  tradingDate: string,
  input: BuildJob['input'],
): Pick<ImportDate, 'revision' | 'published' | 'vendorTimeframes'> & {
  readonly additions: ReadonlySet<string>;
  readonly origin: string | undefined;
} {
  const revisions = snapshot.revisionsOf(exchange, tradingDate);
  const own = revisions.filter(
    (file) => file.kind === input.kind && file.timeframe === input.timeframe,
  );
  const newest = own[own.length - 1];
  return {
    revision: snapshot.nextRevision(exchange, tradingDate),
    published: newestOf(revisions),
    vendorTimeframes: vendorTimeframes(revisions),
    additions: additionsOf(own),
    origin: newest && originOf(newest),
  };
}

/** Timeframes of which no revision was ever made together with a revision of the ticks. */
function vendorTimeframes(revisions: readonly FileEntry[]): string[] {
  const sources = new Set(
    revisions.filter((file) => file.kind === 'ticks').map((file) => file.sourceFingerprint),
  );
  const candles = revisions.filter((file) => file.kind === 'candles');
  const derived = candles.filter((file) => sources.has(file.sourceFingerprint));
  return [...new Set(candles.map((file) => file.timeframe))].filter(
    (timeframe) => !derived.some((file) => file.timeframe === timeframe),
  );
}

/** Of several input files in their order. */
function digestOf(sha256: readonly string[]): string {
  const hash = createHash('sha256');
  for (const one of sha256) hash.update(Buffer.from(one, 'hex'));
  return hash.digest('hex');
}

function newestOf(revisions: readonly FileEntry[]): FileEntry[] {
  const newest = new Map<string, FileEntry>();
  for (const file of revisions) {
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
