import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { calendarOf, type Session, type SessionCalendar } from '@tb/calendar';
import {
  type BuildInstance,
  buildDay,
  type CoverageRange,
  type DayResult,
  type DaySpec,
  initialiseMarketData,
  Manifest,
  ManifestWriter,
  openBuildInstance,
  placeFiles,
  SymbolRegistry,
} from '@tb/history';
import { openSqlite } from '@tb/locks';
import { type Layout, layoutOf, migrate } from '@tb/schema';
import { tempRoot } from '@tb/testkit';

/** A data root of its own with an empty market_data, an in-memory DuckDB, and made ticks. */
export class Market implements AsyncDisposable {
  readonly layout: Layout;
  readonly calendar: SessionCalendar;
  readonly duck: BuildInstance;
  readonly #root: ReturnType<typeof tempRoot>;

  private constructor(root: ReturnType<typeof tempRoot>, exchange: string, duck: BuildInstance) {
    this.#root = root;
    this.layout = layoutOf(root.at('data'));
    this.calendar = calendarOf(exchange);
    this.duck = duck;
  }

  static async open(exchange = 'nse', threads = 1): Promise<Market> {
    const root = tempRoot('history');
    const duck = await openBuildInstance({ threads, tempDirectory: root.at('spill') });
    const market = new Market(root, exchange, duck);
    await initialiseMarketData({ layout: market.layout, purpose: 'test' });
    return market;
  }

  session(tradingDate: string): Session {
    const session = this.calendar.sessionOf(tradingDate);
    if (!session) throw new Error(`${tradingDate} has no session`);
    return session;
  }

  /** The regular session as a range. */
  range(tradingDate: string): { from: bigint; to: bigint } {
    const { open, close } = this.session(tradingDate);
    return { from: open, to: close };
  }

  /** sid 1 to n, named S1 to Sn. */
  async symbols(count: number, tradingDate: string): Promise<ReadonlyMap<number, string>> {
    const names = Array.from({ length: count }, (_, i) => `S${i + 1}`);
    using registry = SymbolRegistry.open({ layout: this.layout, waitMs: 2000 });
    const sids = await registry.sidsOf(this.calendar.exchange, names, tradingDate);
    return new Map([...sids].map(([symbol, sid]) => [sid, symbol]));
  }

  /** A table with ticks of every second minute-second of the session, dense in every minute; exact decimals, `seq` rising. */
  async ticks(table: string, tradingDate: string, symbols: number, perMinute = 4): Promise<string> {
    const { open, close } = this.session(tradingDate);
    const rows = (Number(close - open) / 60e9) * perMinute * symbols;
    await this.duck.connection.run(
      `CREATE OR REPLACE TABLE ${table} AS
       SELECT (1 + i % ${symbols})::INTEGER AS sid,
         make_timestamp_ns(${open} + ((i // ${symbols}) * ${60_000_000_000n / BigInt(perMinute)})::BIGINT) AS ts,
         (i + 1)::BIGINT AS seq,
         (100 + (hash(i) % 2000) / 100.0)::DOUBLE AS price, (1 + hash(i + 7) % 50)::DOUBLE AS volume,
         CASE WHEN i % 5 = 0 THEN NULL ELSE 99.95 END::DOUBLE AS bid, 100.05::DOUBLE AS ask
       FROM range(0, ${rows}) AS t (i)`,
    );
    return table;
  }

  /** A table with 1m candles of every minute of the session, with `i`, the number of the minute. */
  async minutes(table: string, tradingDate: string, symbols: number): Promise<string> {
    const { open, close } = this.session(tradingDate);
    const minutes = Number((close - open) / 60_000_000_000n);
    await this.duck.connection.run(
      `CREATE OR REPLACE TABLE ${table} AS
       SELECT (1 + n % ${symbols})::INTEGER AS sid, (n // ${symbols})::BIGINT AS i,
         make_timestamp_ns(${open} + (n // ${symbols}) * 60000000000) AS ts,
         (100 + (hash(n) % 500) / 100.0)::DOUBLE AS open, (106 + (hash(n + 1) % 100) / 100.0)::DOUBLE AS high,
         (99 - (hash(n + 2) % 100) / 100.0)::DOUBLE AS low, (100 + (hash(n + 3) % 500) / 100.0)::DOUBLE AS close,
         (1 + hash(n + 4) % 900)::DOUBLE AS volume
       FROM range(0, ${minutes * symbols}) AS t (n)`,
    );
    return table;
  }

  /** Relative paths of everything below the folders of the exchange. */
  filesOnDisk(): string[] {
    const folder = join(this.layout.marketData, this.calendar.exchange);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.layout.root, join(entry.parentPath, entry.name)))
      .sort();
  }

  async build(
    tradingDate: string,
    spec: Partial<DaySpec> & Pick<DaySpec, 'source'>,
  ): Promise<DayResult> {
    using manifest = Manifest.openReader(this.layout);
    return await buildDay(this.duck.connection, {
      layout: this.layout,
      session: this.session(tradingDate),
      calendar: this.calendar,
      revision: 1,
      symbols: manifest.snapshot().symbols(this.calendar.exchange).entries(),
      sourceFingerprint: 'made',
      ...spec,
    });
  }

  /** Built 1m candles of two symbols, all timeframes. Leaves a table `minutes` behind. */
  async candleDay(tradingDate: string, coverage?: readonly CoverageRange[]): Promise<DayResult> {
    await this.minutes('minutes', tradingDate, 2);
    return await this.build(tradingDate, {
      source: { candles: { '1m': 'FROM minutes' } },
      coverage,
      expectations: 'flag',
    });
  }

  async publish(result: DayResult): Promise<number> {
    await placeFiles(this.layout, result.files);
    await using writer = await this.writer();
    return writer.publish(result.files).version;
  }

  async writer(purpose = 'test', now?: () => bigint): Promise<ManifestWriter> {
    return await ManifestWriter.open({ layout: this.layout, purpose, waitMs: 2000, now });
  }

  /** A live.db with these symbols. */
  async liveSymbols(symbols: readonly (readonly [number, string])[]): Promise<void> {
    const { exchange } = this.calendar;
    mkdirSync(this.layout.liveDir(exchange), { recursive: true });
    const db = openSqlite(this.layout.liveDb(exchange));
    migrate(db, 'live', 'test');
    for (const [sid, symbol] of symbols)
      db.prepare('INSERT INTO symbols (sid, symbol) VALUES (?, ?)').run(sid, symbol);
    db.close();
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.duck.connection.runAndReadAll(sql)).getRowObjects();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.duck.close();
    this.#root.remove();
  }
}
