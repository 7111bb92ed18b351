import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type {
  Candle,
  Column,
  ColumnChunk,
  Kind,
  LiveTick,
  MarketDataReader,
  MarketDataRequest,
  MarketDataSnapshot,
  MarketDataSource,
  SqlValue,
  StoredTimeframe,
  Watermark,
} from '@tb/schema';

export type TestTick = LiveTick & { readonly symbol: string };

type Origin = MarketDataSource['origin'];

interface Table extends MarketDataSource {
  readonly kind: Kind;
  readonly timeframe: StoredTimeframe | '';
  readonly publishedAt: bigint;
  replacedAt: bigint | undefined;
}

export interface PublishOptions {
  readonly origin?: Origin;
  readonly publishedAt?: bigint;
  readonly tradingDates?: readonly string[];
}

/**
 * A store of tables in one in-memory DuckDB that behaves as the reader of the data root does: day files, months, live
 * tables, revisions. `opened` and `disposed` count snapshots, so that a test sees one that was not given back.
 */
export class TestStore implements MarketDataReader {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #tables: Table[] = [];
  readonly #sids = new Map<string, number>();
  /** Every statement that was streamed. */
  readonly statements: string[] = [];
  /** Sources claim this many times their rows: small data in many slices. */
  rowsFactor = 1;
  #names = 0;
  coverage: { source: string; from: bigint; to: bigint }[] = [];
  live: { lastTickTs: bigint | undefined; heartbeat: bigint } | undefined;
  tail: TestTick[] = [];
  manifestVersion = 1;
  opened = 0;
  disposed = 0;
  /** Called after each snapshot, to publish between two. */
  afterSnapshot: (() => Promise<void>) | undefined;
  /** Where Parquet files may go; undefined: the reader cannot write. */
  canExport = false;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  static async open(): Promise<TestStore> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '2',
      disabled_optimizers: 'common_subplan',
    });
    return new TestStore(instance, await instance.connect());
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }

  sid(symbol: string): number {
    const known = this.#sids.get(symbol);
    if (known !== undefined) return known;
    // Against the order of the text, so that a test sees rows sorted by sid in place of symbol.
    const sid = 1_000 - this.#sids.size;
    this.#sids.set(symbol, sid);
    return sid;
  }

  /** A source of candles; another of the same date, timeframe and origin day replaces it (a revision). */
  async candles(
    timeframe: StoredTimeframe,
    date: string,
    rows: readonly Candle[],
    options: PublishOptions = {},
  ): Promise<void> {
    const values = rows.map((c) => [
      this.sid(c.symbol),
      c.ts,
      ...[c.open, c.high, c.low, c.close, c.volume],
    ]);
    const columns = 'open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE';
    await this.#add('candles', timeframe, date, columns, values, 'sid, ts', rows, options);
  }

  async ticks(
    date: string,
    rows: readonly TestTick[],
    options: PublishOptions = {},
  ): Promise<void> {
    const values = rows.map((t) => [
      this.sid(t.symbol),
      t.ts,
      t.seq,
      ...[t.price, t.volume],
      ...[t.bid, t.ask].map((value) => (Number.isNaN(value) ? null : value)),
    ]);
    const columns = 'seq BIGINT, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE';
    await this.#add('ticks', '', date, columns, values, 'sid, ts, seq', rows, options);
  }

  async #add(
    kind: Kind,
    timeframe: StoredTimeframe | '',
    date: string,
    columns: string,
    values: readonly (readonly (number | bigint | null)[])[],
    order: string,
    rows: readonly { readonly ts: bigint; readonly symbol: string }[],
    options: PublishOptions,
  ): Promise<void> {
    const name = `t${this.#names++}`;
    await this.connection.run(`CREATE TABLE ${name}_raw (sid INTEGER, ns BIGINT, ${columns})`);
    const appender = await this.connection.createAppender(`${name}_raw`);
    for (const row of values) {
      appender.appendInteger(row[0] as number);
      for (const value of row.slice(1))
        if (value === null) appender.appendNull();
        else if (typeof value === 'bigint') appender.appendBigInt(value);
        else appender.appendDouble(value);
      appender.endRow();
    }
    appender.closeSync();
    await this.connection.run(
      `CREATE TABLE ${name} AS SELECT sid, make_timestamp_ns(ns) AS ts, * EXCLUDE (sid, ns) FROM ${name}_raw ORDER BY ${order}`,
    );
    await this.connection.run(`DROP TABLE ${name}_raw`);
    const stamps = rows.map((row) => row.ts).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const { origin = 'day', publishedAt = 0n, tradingDates = [date] } = options;
    if (origin === 'day' || origin === 'archive')
      for (const table of this.#tables)
        if (table.kind === kind && table.timeframe === timeframe && table.tradingDates[0] === date)
          table.replacedAt ??= publishedAt;
    this.#tables.push({
      kind,
      timeframe,
      origin,
      relation: origin === 'archive' ? `(SELECT * FROM ${name})` : name, // as the reader names a Parquet file
      tradingDates,
      rows: rows.length,
      symbols: new Set(rows.map((row) => row.symbol)).size,
      minTs: stamps[0] ?? 0n,
      maxTs: stamps.at(-1) ?? 0n,
      publishedAt,
      replacedAt: undefined,
      ...(origin === 'day'
        ? { files: [{ path: name, sha256: name, tradingDate: date, revision: 1 }] }
        : {}),
    });
  }

  /** Takes a source away: a date that was cleared, or a day file that is lost. */
  remove(kind: Kind, timeframe: StoredTimeframe | '', date: string, origin?: Origin): void {
    const kept = this.#tables.filter(
      (table) =>
        table.kind !== kind ||
        table.timeframe !== timeframe ||
        table.tradingDates[0] !== date ||
        (origin !== undefined && table.origin !== origin),
    );
    this.#tables.splice(0, this.#tables.length, ...kept);
  }

  async snapshot(request: MarketDataRequest): Promise<MarketDataSnapshot> {
    const sources = this.#tables
      .filter((table) => isVisible(table, request))
      .map((table) => ({ ...table, rows: table.rows * this.rowsFactor }));
    const dates = new Set(sources.flatMap((source) => source.tradingDates));
    const watermark = this.#watermark(request.exchange);
    this.opened += 1;
    let isOpen = true;
    const symbolBySid = new Map([...this.#sids].map(([symbol, sid]) => [sid, symbol]));
    const sids = new Map(this.#sids);
    const tail = [...this.tail];
    const { coverage, live } = this;
    await this.afterSnapshot?.();
    return {
      watermark,
      sources,
      tradingDates: [...dates].sort(),
      coverage,
      live,
      sidOf: (symbol) => sids.get(symbol),
      symbolOf: (sid) => symbolBySid.get(sid),
      stream: (sql, parameters, signal) => this.#stream(sql, parameters, signal),
      lastTicks: (sid, count) =>
        tail
          .filter((tick) => sids.get(tick.symbol) === sid)
          .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : Number(a.seq - b.seq)))
          .slice(-count),
      ...(this.canExport
        ? {
            exportParquet: async (sql: string, path: string) => {
              await this.connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
              const reader = await this.connection.runAndReadAll(`SELECT count(*) FROM '${path}'`);
              return { rows: Number(reader.getRows()[0]?.[0]) };
            },
          }
        : {}),
      [Symbol.asyncDispose]: async () => {
        if (isOpen) this.disposed += 1;
        isOpen = false;
      },
    };
  }

  async tradingDates(
    request: MarketDataRequest,
  ): Promise<{ tradingDates: readonly string[]; watermark: Watermark }> {
    const visible = this.#tables.filter((table) => isVisible(table, request));
    const dates = new Set(visible.flatMap((table) => table.tradingDates));
    return { tradingDates: [...dates].sort(), watermark: this.#watermark(request.exchange) };
  }

  #watermark(exchange: string): Watermark {
    return {
      manifestVersion: this.manifestVersion,
      live: { [exchange]: { seq: BigInt(this.tail.length), catalogVersion: 1 } },
    };
  }

  async extent(
    _exchange: string,
    kind: Kind,
    timeframe?: StoredTimeframe,
  ): Promise<{ first: string; last: string } | undefined> {
    const dates = this.#tables
      .filter((table) => table.kind === kind && table.timeframe === (timeframe ?? ''))
      .flatMap((table) => table.tradingDates)
      .sort();
    const [first, last] = [dates[0], dates.at(-1)];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** Plain SQL, for the reference of a property. */
  async query(sql: string): Promise<unknown[][]> {
    return (await this.connection.runAndReadAll(sql)).getRows();
  }

  async *#stream(
    sql: string,
    parameters: readonly SqlValue[] = [],
    signal?: AbortSignal,
  ): AsyncGenerator<ColumnChunk, void, undefined> {
    this.statements.push(sql);
    const connection = await this.#instance.connect();
    try {
      const result = await connection.stream(sql, [...parameters]);
      const names = result.columnNames();
      const types = result.columnTypes().map(String);
      for (;;) {
        signal?.throwIfAborted();
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return;
        const columns = chunk.getColumns();
        yield {
          rows: chunk.rowCount,
          names,
          columns: columns.map((values, index) => columnOf(values, types[index] ?? '')),
          valid: columns.map((values) =>
            values.includes(null)
              ? Uint8Array.from(values, (v) => (v === null ? 0 : 1))
              : undefined,
          ),
        };
      }
    } finally {
      connection.closeSync();
    }
  }
}

function isVisible(table: Table, request: MarketDataRequest): boolean {
  if (table.kind !== request.kind || table.timeframe !== (request.timeframe ?? '')) return false;
  if (table.minTs >= request.to || table.maxTs < request.from || table.rows === 0) return false;
  const isPublished = ['day', 'month', 'archive'].includes(table.origin);
  if (request.asOf === undefined) return !isPublished || table.replacedAt === undefined;
  if (!isPublished || table.publishedAt > request.asOf) return false;
  return table.replacedAt === undefined || table.replacedAt > request.asOf;
}

/** The slot of a NULL holds rubbish on purpose: whoever reads it in place of `valid` fails. */
function columnOf(values: readonly unknown[], type: string): Column {
  switch (type) {
    case 'BIGINT':
      return BigInt64Array.from(values as bigint[], (value) => value ?? 77n);
    case 'TIMESTAMP_NS':
      return BigInt64Array.from(values as { nanos: bigint }[], (value) => value?.nanos ?? 77n);
    case 'INTEGER':
      return Int32Array.from(values as number[], (value) => value ?? 77);
    case 'DOUBLE':
      return Float64Array.from(values as number[], (value) => value ?? 7e77);
    case 'VARCHAR':
      return values as (string | null)[];
    default:
      throw new TypeError(`The reader interface has no column of type ${type}`);
  }
}
