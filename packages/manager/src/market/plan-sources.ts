import { type FilePlan, type ManifestSnapshot, meets } from '@tb/history';
import type { LiveSnapshot, SegmentEntry, TickChunk } from '@tb/live';
import type { MarketDataRequest } from '@tb/schema';
import { utcDate } from './calendar-date.ts';
import { extentOf } from './candle-table.ts';

/** The window of a trading date lies within this many days of its date in UTC, in every time zone. */
const WINDOW_DAYS = 3;

/** Which files and live rows answer a request: disjoint, and together all of it. */
export interface SourcePlan extends FilePlan {
  readonly segments: readonly SegmentEntry[];
  /** Per trading date, ascending by firstSeq. */
  readonly tails: ReadonlyMap<string, readonly TickChunk[]>;
  /** Trading dates whose live candles are wanted. */
  readonly candleDates: readonly string[];
  /** Live trading dates that a published file answers for. */
  readonly publishedLiveDates: ReadonlySet<string>;
}

/**
 * Chooses between the two sides by the manifest alone: a live row counts when, and only when, no published file of its
 * trading date has the kind that is asked for. `manifest` must have been taken AFTER `live`: then a date that it lacks was
 * not published when `live` was taken either, so `live` still had every row of it.
 */
export function planSources(
  request: MarketDataRequest,
  live: LiveSnapshot | undefined,
  manifest: ManifestSnapshot,
): SourcePlan {
  const files = publishedFiles(request, manifest);
  const empty = { ...files, segments: [], tails: new Map(), candleDates: [] };
  const isLiveAsked =
    request.asOf === undefined && (request.kind === 'ticks' || request.timeframe === '1m');
  if (!live) return { ...empty, publishedLiveDates: new Set() };
  const published = publishedAmong(
    live.days.map((day) => day.tradingDate),
    request,
    manifest,
  );
  if (!isLiveAsked) return { ...empty, publishedLiveDates: published };
  const isWanted = (part: { tradingDate: string; minTs: bigint; maxTs: bigint }): boolean =>
    !published.has(part.tradingDate) && part.minTs < request.to && part.maxTs >= request.from;
  if (request.kind === 'candles')
    return {
      ...empty,
      candleDates: candleDatesOf(request, live, published),
      publishedLiveDates: published,
    };
  return {
    ...empty,
    segments: live.segments.filter(isWanted),
    tails: tailsOf(live, isWanted),
    publishedLiveDates: published,
  };
}

/**
 * Plans of a snapshot, which is one object until something is published. A scanner asks one range for many symbols, and
 * to find ten years of days again takes as long as to read a symbol's candles of them.
 */
const PLANS = new WeakMap<ManifestSnapshot, Map<string, FilePlan>>();
const PLANS_MAX = 16;

function publishedFiles(request: MarketDataRequest, manifest: ManifestSnapshot): FilePlan {
  const { exchange, kind, timeframe, asOf, from, to } = request;
  const key = [exchange, kind, timeframe, asOf, from, to].join(' ');
  const plans = PLANS.get(manifest) ?? new Map<string, FilePlan>();
  const known = plans.get(key);
  if (known) return known;
  const found = findFiles(request, manifest);
  const [oldest] = plans.keys();
  if (plans.size >= PLANS_MAX && oldest !== undefined) plans.delete(oldest);
  PLANS.set(manifest, plans.set(key, found));
  return found;
}

function findFiles(request: MarketDataRequest, manifest: ManifestSnapshot): FilePlan {
  const { exchange, kind, timeframe, asOf } = request;
  const from = utcDate(request.from, -WINDOW_DAYS);
  const to = utcDate(request.to, WINDOW_DAYS + 1);
  return manifest.plan({ exchange, kind, timeframe, asOf, from, to }, request);
}

/** Published and live dates as one list, ascending. */
export function mergedDates(
  published: readonly string[],
  live: Iterable<string>,
): readonly string[] {
  const dates = new Set(live);
  return dates.size === 0 ? published : [...new Set([...published, ...dates])].sort();
}

/** Trading dates of what a plan holds in the range of its request, ascending: no file is opened for them. */
export function plannedDates(
  plan: SourcePlan,
  range: Pick<MarketDataRequest, 'from' | 'to'>,
  live: LiveSnapshot | undefined,
): readonly string[] {
  const dates = new Set(plan.tails.keys());
  for (const segment of plan.segments) dates.add(segment.tradingDate);
  for (const date of plan.candleDates) {
    const candles = live?.candles(date, { forming: true });
    if (candles && candles.rows > 0 && meets(extentOf(candles.ts), range)) dates.add(date);
  }
  return mergedDates(plan.tradingDates, dates);
}

function publishedAmong(
  tradingDates: readonly string[],
  request: MarketDataRequest,
  manifest: ManifestSnapshot,
): ReadonlySet<string> {
  const timeframe = request.kind === 'candles' ? request.timeframe : '';
  return new Set(
    tradingDates.filter((date) =>
      manifest
        .revisionsOf(request.exchange, date)
        .some((file) => file.kind === request.kind && file.timeframe === timeframe),
    ),
  );
}

function tailsOf(
  live: LiveSnapshot,
  isWanted: (chunk: TickChunk) => boolean,
): ReadonlyMap<string, readonly TickChunk[]> {
  const wanted = new Set(live.tail.filter(isWanted).map((chunk) => chunk.tradingDate));
  const tails = new Map<string, TickChunk[]>();
  // All chunks of a wanted date, also those outside the range: the table of the date then only ever grows.
  for (const chunk of live.tail)
    if (wanted.has(chunk.tradingDate)) {
      const list = tails.get(chunk.tradingDate);
      if (list) list.push(chunk);
      else tails.set(chunk.tradingDate, [chunk]);
    }
  return tails;
}

function candleDatesOf(
  request: MarketDataRequest,
  live: LiveSnapshot,
  published: ReadonlySet<string>,
): string[] {
  const from = utcDate(request.from, -WINDOW_DAYS);
  const to = utcDate(request.to, WINDOW_DAYS + 1);
  return live.days
    .filter((day) => day.state !== 'cleared' && !published.has(day.tradingDate))
    .map((day) => day.tradingDate)
    .filter((date) => date >= from && date < to);
}
