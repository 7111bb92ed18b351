import {
  assertExchange,
  type Kind,
  type Layout,
  type MarketDataReader,
  type MarketDataRequest,
  type MarketDataSnapshot,
  type StoredTimeframe,
  type Watermark,
} from '@tb/schema';
import type { Calendars } from '../calendars.ts';
import { ManagerError } from '../errors.ts';
import type { ManagerEventHandler } from '../event.ts';
import { DuckSqlSession } from '../sql/duck-sql-session.ts';
import type { SqlOptions, SqlSession } from '../sql/sql-session.ts';
import { AttachCache } from './attach-cache.ts';
import { CoverageCache } from './coverage-cache.ts';
import type { DuckEngine, DuckOptions } from './duck-engine.ts';
import { fileBudget } from './file-budget.ts';
import { ReaderSnapshot } from './market-data-snapshot.ts';
import { type Moment, watermarkOf } from './moment.ts';
import { Moments } from './moments.ts';
import { mergedDates, plannedDates, planSources } from './plan-sources.ts';
import { SourceHolder } from './source-holder.ts';
import { TailTables } from './tail-tables.ts';
import { SourceVerifier } from './verify-file.ts';

/** One DuckDB instance and what lives inside it. */
interface Engine {
  readonly duck: DuckEngine;
  readonly cache: AttachCache;
  readonly tails: Map<string, TailTables>;
}

export interface ReaderOptions {
  readonly layout: Layout;
  readonly duckdb?: DuckOptions | undefined;
  readonly onEvent: ManagerEventHandler;
}

/**
 * History and live as one, without a lock and without waiting for a writer: (1) the live buffer in one transaction, (2)
 * the manifest in one transaction, (3) the files. Why this order: `Moments.take`.
 */
export class HistoryAndLiveReader implements MarketDataReader {
  readonly #options: ReaderOptions;
  readonly #moments: Moments;
  readonly #verifier: SourceVerifier;
  readonly #coverage: CoverageCache;
  #engine: Promise<Engine> | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#coverage = new CoverageCache(options.layout);
    this.#moments = new Moments(options.layout, options.onEvent);
    this.#verifier = new SourceVerifier(options.layout, (path) => this.#moments.findVerified(path));
  }

  async snapshot(request: MarketDataRequest): Promise<MarketDataSnapshot> {
    assertRequest(request);
    await this.#beginEngine();
    return this.#moments.at(
      () => [request.exchange],
      (moment) => this.#snapshotAt(moment, request),
    );
  }

  async tradingDates(
    request: MarketDataRequest,
  ): Promise<{ readonly tradingDates: readonly string[]; readonly watermark: Watermark }> {
    assertRequest(request);
    const moment = this.#moments.take([request.exchange]);
    const live = moment.live.get(request.exchange);
    const plan = planSources(request, live, moment.manifest);
    return {
      tradingDates: plannedDates(plan, request, live),
      watermark: watermarkOf(moment),
    };
  }

  async extent(
    exchange: string,
    kind: Kind,
    timeframe?: StoredTimeframe,
  ): Promise<{ readonly first: string; readonly last: string } | undefined> {
    assertExchange(exchange);
    const { live, manifest } = this.#moments.take([exchange]);
    const published = manifest.extent(exchange, kind, timeframe);
    const hasLive = kind === 'ticks' || timeframe === '1m';
    const dates = (live.get(exchange)?.days ?? [])
      .filter((day) => hasLive && (kind === 'ticks' ? day.rows : day.candles) > 0)
      .map((day) => day.tradingDate);
    const all = [...(published ? [published.first, published.last] : []), ...dates].sort();
    const [first, last] = [all[0], all.at(-1)];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** A session of `tb sql`. */
  async openSql(calendars: Calendars, options: SqlOptions): Promise<SqlSession> {
    const { layout, onEvent } = this.#options;
    return new DuckSqlSession({
      layout,
      onEvent,
      calendars,
      options,
      moments: this.#moments,
      verifier: this.#verifier,
      parser: async () => (await this.#currentEngine()).duck,
    });
  }

  /** DuckDB first, then the SQLite connections. May be called twice. */
  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    try {
      const open = await engine?.catch(() => undefined); // one that did not open was reported to its caller
      await open?.duck.close();
    } finally {
      this.#moments.close();
    }
  }

  async #snapshotAt(moment: Moment, request: MarketDataRequest): Promise<MarketDataSnapshot> {
    const { exchange } = request;
    const live = moment.live.get(exchange);
    const symbols = moment.manifest.symbols(exchange);
    const sids = request.symbols && knownSids(request.symbols, (text) => symbols.sidOf(text));
    const plan = planSources(request, live, moment.manifest); // before the engine is waited for
    const { duck, cache, tails } = await this.#currentEngine();
    const exchangeTails = tails.get(exchange) ?? new TailTables(duck);
    tails.set(exchange, exchangeTails);
    if (live) await exchangeTails.retain(new Set(live.tail.map((chunk) => chunk.tradingDate)));
    const { layout, onEvent } = this.#options;
    const verifier = this.#verifier;
    const coverage = this.#coverage;
    const context = {
      layout,
      engine: duck,
      cache,
      tails: exchangeTails,
      verifier,
      coverage,
      onEvent,
    };
    const holder = new SourceHolder(context, request);
    try {
      await holder.holdAll(plan, live, sids);
      return new ReaderSnapshot({
        engine: duck,
        watermark: watermarkOf(moment),
        sources: holder.sources,
        tradingDates: mergedDates(plan.tradingDates, holder.liveDates),
        coverage: [...(await holder.coverage()), ...(live?.coverage ?? [])],
        symbols,
        liveSnapshot: live,
        publishedLiveDates: plan.publishedLiveDates,
        release: () => holder[Symbol.asyncDispose](),
      });
    } catch (error) {
      await holder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Done when DuckDB has begun to open, which takes 9 ms in a thread of its own: meanwhile the manifest is read and the
   * files are chosen here.
   */
  async #beginEngine(): Promise<void> {
    if (this.#engine || this.#moments.isClosed) return;
    const { DuckEngine } = await import('./duck-engine.ts'); // with DuckDB: a process that asks for no rows is spared it
    if (this.#engine || this.#moments.isClosed) return;
    this.#engine = openEngine(DuckEngine, this.#options.duckdb ?? {});
    this.#engine.catch(() => undefined); // `#currentEngine` gives the error to whoever needs the engine
  }

  /** The engine, or a new one in place of one that failed. Other instances of the process live on. */
  async #currentEngine(): Promise<Engine> {
    await this.#beginEngine();
    const pending = this.#engine;
    if (!pending)
      throw new ManagerError('MANAGER_CLOSED', 'Market data was read after its manager was closed');
    let engine: Engine;
    try {
      engine = await pending;
    } catch (error) {
      if (this.#engine === pending) this.#engine = undefined;
      throw error;
    }
    const { failure } = engine.duck;
    if (!failure) return engine;
    if (this.#engine === pending) {
      this.#engine = undefined;
      this.#options.onEvent({ type: 'engine_replaced', cause: failure });
      await engine.duck.close();
    }
    return this.#currentEngine();
  }
}

async function openEngine(
  { open }: Pick<typeof DuckEngine, 'open'>,
  options: DuckOptions,
): Promise<Engine> {
  const duck = await open(options);
  return { duck, cache: new AttachCache(duck, fileBudget()), tails: new Map() };
}

function assertRequest(request: MarketDataRequest): void {
  assertExchange(request.exchange);
  if (request.kind === 'candles' && request.timeframe === undefined)
    throw new TypeError('A request for candles names its stored timeframe');
}

function knownSids(
  symbols: readonly string[],
  sidOf: (symbol: string) => number | undefined,
): ReadonlySet<number> {
  return new Set(symbols.map(sidOf).filter((sid) => sid !== undefined));
}
