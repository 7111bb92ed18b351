import {
  archiveRelation,
  type CoverageRange,
  type FileEntry,
  isFileUnusable,
  type MonthEntry,
  meets,
  type PlannedMonth,
} from '@tb/history';
import type { LiveSnapshot, SegmentEntry, TickChunk } from '@tb/live';
import { Disposal } from '@tb/locks';
import type { Layout, MarketDataRequest, MarketDataSource, PublishedFile } from '@tb/schema';
import { ManagerError } from '../errors.ts';
import type { ManagerEventHandler } from '../event.ts';
import type { AttachableFile, AttachCache } from './attach-cache.ts';
import { loadCandleTable } from './candle-table.ts';
import type { CoverageCache, CoverageSource } from './coverage-cache.ts';
import type { DuckEngine } from './duck-engine.ts';
import type { SourcePlan } from './plan-sources.ts';
import { literal } from './sql-text.ts';
import type { TailTables } from './tail-tables.ts';
import type { SourceVerifier } from './verify-file.ts';

/** Where sources are opened. */
export interface SourceContext {
  readonly layout: Layout;
  readonly engine: DuckEngine;
  readonly cache: AttachCache;
  /** Of the exchange whose sources are opened. */
  readonly tails: TailTables;
  readonly verifier: SourceVerifier;
  /** Absent where nobody asks for coverage. */
  readonly coverage?: CoverageCache | undefined;
  readonly onEvent: ManagerEventHandler;
}

/** Opens the sources of one snapshot; what it holds is given back by its disposal, newest first. */
export class SourceHolder implements AsyncDisposable {
  readonly sources: MarketDataSource[] = [];
  /** Dates with live rows in the range, of any symbol. */
  readonly liveDates: Set<string> = new Set();
  /** Absolute paths of files that queries open by name. */
  readonly namedFiles: string[] = [];
  readonly #context: SourceContext;
  readonly #range: Pick<MarketDataRequest, 'from' | 'to'>;
  readonly #held = new Disposal();
  readonly #covering: CoverageSource[] = [];
  readonly #onceCovering: string[] = [];

  constructor(context: SourceContext, range: Pick<MarketDataRequest, 'from' | 'to'>) {
    this.#context = context;
    this.#range = range;
  }

  /**
   * @param sids Load live candles of these only.
   * @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`, `SEGMENT_MISSING`, `SEGMENT_CORRUPT`, `FILE_LIMIT`
   */
  async holdAll(
    plan: SourcePlan,
    live: LiveSnapshot | undefined,
    sids: ReadonlySet<number> | undefined,
  ): Promise<void> {
    const catalogs = await allDone(plan.months.map((one) => this.#attachMonth(one.month)));
    const days: FileEntry[] = [];
    for (const [index, month] of plan.months.entries()) {
      const catalog = catalogs[index];
      if (catalog === undefined) days.push(...month.daysInQuery);
      else this.#addMonth(month, catalog);
    }
    await this.#holdDays([...days, ...plan.days]);
    for (const segment of plan.segments) await this.#holdSegment(segment);
    for (const [tradingDate, chunks] of plan.tails) await this.#holdTail(tradingDate, chunks);
    if (live) for (const date of plan.candleDates) await this.#holdCandles(live, date, sids);
  }

  /** When feeds were connected, as the published sources tell it. */
  async coverage(): Promise<readonly CoverageRange[]> {
    const { coverage, engine } = this.#context;
    return coverage ? await coverage.of(engine, this.#covering, this.#onceCovering) : [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held[Symbol.asyncDispose]();
  }

  /** undefined when the month cannot be used: it is derived, and its days are read in its place. */
  async #attachMonth(month: MonthEntry): Promise<string | undefined> {
    try {
      return await this.#attach({
        path: this.#context.layout.absolute(month.path),
        sha256: month.sha256,
        verify: () => this.#context.verifier.verify(month),
      });
    } catch (cause) {
      if (!isFileUnusable(cause)) throw cause;
      this.#context.onEvent({ type: 'month_unusable', path: month.path, cause });
      return undefined;
    }
  }

  #addMonth(planned: PlannedMonth, catalog: string): void {
    const { month, tradingDates } = planned;
    const relation = `${catalog}.data`;
    this.#covering.push({ sha256: month.sha256, catalog, entry: undefined });
    const { rows, symbols, minTs, maxTs } = month;
    this.sources.push({
      ...{ origin: 'month', relation, tradingDates, rows, symbols, minTs, maxTs },
      get files() {
        return planned.days.map(publishedFile);
      },
    });
  }

  async #holdDays(days: readonly FileEntry[]): Promise<void> {
    const hot = days.filter((day) => day.tier === 'hot');
    const surplus = Math.max(0, hot.length - this.#context.cache.room);
    await this.#readOnce(hot.slice(0, surplus)); // the newest are the ones asked for again
    const attached = hot.slice(surplus);
    const catalogs = await allDone(attached.map((day) => this.#attachDay(day)));
    for (const [index, day] of attached.entries()) {
      const catalog = catalogs[index] as string;
      this.#covering.push({ sha256: day.sha256, catalog, entry: undefined });
      this.#addDays('day', `${catalog}.data`, [day]);
    }
    for (const day of days) if (day.tier === 'archive') await this.#holdArchive(day);
  }

  #attachDay(day: FileEntry): Promise<string> {
    return this.#attachFixed({
      path: this.#context.layout.absolute(day.path),
      sha256: day.sha256,
      verify: () => this.#context.verifier.verify(day),
    });
  }

  /** Files beyond the budget: read by name while the query runs, without a descriptor before or after. */
  async #readOnce(days: readonly FileEntry[]): Promise<void> {
    if (days.length === 0) return;
    for (const day of days) await this.#context.verifier.verify(day);
    const paths = days.map((day) => this.#context.layout.absolute(day.path));
    this.namedFiles.push(...paths);
    const list = paths.map(literal).join(', ');
    this.#onceCovering.push(`read_duckdb([${list}], table_name = 'coverage')`);
    this.#addDays('day', `read_duckdb([${list}], table_name = 'data')`, days);
  }

  async #holdArchive(day: FileEntry): Promise<void> {
    await this.#context.verifier.verify(day);
    const path = this.#context.layout.absolute(day.path);
    this.namedFiles.push(path);
    this.#covering.push({ sha256: day.sha256, catalog: undefined, entry: day });
    this.#addDays('archive', archiveRelation(path, day.kind), [day]);
  }

  #addDays(origin: 'day' | 'archive', relation: string, days: readonly FileEntry[]): void {
    const [first] = days as readonly [FileEntry];
    this.sources.push({
      origin,
      relation,
      tradingDates: days.map((day) => day.tradingDate),
      rows: days.reduce((sum, day) => sum + day.rows, 0),
      symbols: days.length === 1 ? first.symbols : undefined,
      ...extentOf(days as readonly { minTs: bigint; maxTs: bigint }[]), // a file without rows meets no range
      file: days.length === 1 ? publishedFile(first) : undefined,
      files: days.map(publishedFile),
    });
  }

  async #holdSegment(segment: SegmentEntry): Promise<void> {
    const { path, sha256, tradingDate, rows, minTs, maxTs } = segment;
    const catalog = await this.#attachFixed({
      path,
      sha256,
      verify: () => this.#context.verifier.verifySegment(segment),
    });
    const relation = `${catalog}.data`;
    const tradingDates = [tradingDate];
    this.#addLive({ origin: 'segment', relation, tradingDates, rows, minTs, maxTs });
  }

  async #holdTail(tradingDate: string, chunks: readonly TickChunk[]): Promise<void> {
    const tail = await this.#context.tails.relationOf(tradingDate, chunks);
    this.#held.defer(() => tail.release());
    this.#addLive({
      origin: 'tail',
      relation: tail.relation,
      tradingDates: [tradingDate],
      rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
      ...extentOf(chunks),
    });
  }

  async #holdCandles(
    live: LiveSnapshot,
    tradingDate: string,
    sids: ReadonlySet<number> | undefined,
  ): Promise<void> {
    const table = await loadCandleTable(this.#context.engine, live, tradingDate, sids);
    if (!table) return;
    this.#held.defer(() => table.release());
    if (!meets(table, this.#range)) return;
    const { relation, rows, minTs, maxTs } = table;
    const tradingDates = [tradingDate];
    this.liveDates.add(tradingDate);
    if (rows > 0)
      this.sources.push({ origin: 'live_candles', relation, tradingDates, rows, minTs, maxTs });
  }

  #addLive(source: MarketDataSource): void {
    this.sources.push(source);
    for (const date of source.tradingDates) this.liveDates.add(date);
  }

  /** A day file or segment never has other content under its name. */
  async #attachFixed(file: AttachableFile): Promise<string> {
    const catalog = await this.#attach(file);
    if (catalog !== undefined) return catalog;
    throw new ManagerError('QUERY_FAILED', `${file.path} is in use with another sha256`);
  }

  async #attach(file: AttachableFile): Promise<string | undefined> {
    const attachment = await this.#context.cache.attach(file);
    if (!attachment) return undefined;
    this.#held.defer(() => attachment.release());
    return attachment.catalog;
  }
}

/** What the calls give; the first error only when all have ended, so that none holds a file that nobody gives back. */
async function allDone<T>(calls: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(calls);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function publishedFile(day: FileEntry): PublishedFile {
  const { path, sha256, tradingDate, revision } = day;
  return { path, sha256, tradingDate, revision };
}

function extentOf(parts: readonly { readonly minTs: bigint; readonly maxTs: bigint }[]): {
  minTs: bigint;
  maxTs: bigint;
} {
  const [first, ...rest] = parts as [{ minTs: bigint; maxTs: bigint }];
  let { minTs, maxTs } = first;
  for (const part of rest as readonly { minTs: bigint; maxTs: bigint }[]) {
    if (part.minTs < minTs) minTs = part.minTs;
    if (part.maxTs > maxTs) maxTs = part.maxTs;
  }
  return { minTs, maxTs };
}
