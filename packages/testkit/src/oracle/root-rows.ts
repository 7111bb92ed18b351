import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { bitsOf, tickKey } from '../tick-key.ts';
import { decodeBatch } from './batch.ts';
import type { DuckOracle } from './duck.ts';

/** The market data of one exchange, read without any of our reading code. Rows are texts; see `tickKey`. */
export interface RootRows {
  /** `seq|tickKey` of every tick that a query must see, each as often as it is there. */
  readonly ticks: readonly string[];
  /** Ticks that came after the freeze of their date: durable, not yet visible. */
  readonly late: readonly string[];
  /** `timeframe|symbol|ts|open|high|low|close|volume` of every stored candle. */
  readonly candles: readonly string[];
  /** `kind timeframe date rN rows` of every published file that is the newest of its date, sorted. */
  readonly published: readonly string[];
}

interface FileRow {
  readonly kind: string;
  readonly timeframe: string;
  readonly trading_date: string;
  readonly revision: bigint;
  readonly path: string;
  readonly rows: bigint;
}

interface BatchRow {
  readonly first_seq: bigint;
  readonly trading_date: string;
  readonly crc32: bigint;
  readonly data: Buffer;
}

function openReadOnly(path: string): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  db.defaultSafeIntegers(true);
  return db;
}

/** The published files of an exchange, the newest revision of each. */
function publishedOf(manifest: string, exchange: string): FileRow[] {
  if (!existsSync(manifest)) return [];
  const db = openReadOnly(manifest);
  try {
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'files'").get() === undefined)
      return [];
    return db
      .prepare(
        `SELECT kind, timeframe, trading_date, max(revision) AS revision, path, rows
         FROM files WHERE exchange = ? AND tier <> 'pruned' GROUP BY kind, timeframe, trading_date`,
      )
      .all(exchange) as FileRow[];
  } finally {
    db.close();
  }
}

async function ticksOfFile(
  duck: DuckOracle,
  path: string,
  symbols?: ReadonlyMap<string, string>,
): Promise<string[]> {
  const own = symbols === undefined;
  const rows = await duck.rows(
    path,
    `SELECT d.seq, ${own ? 's.symbol' : 'd.sid'}, epoch_ns(d.ts), d.price, d.volume, d.bid, d.ask
     FROM data d ${own ? 'LEFT JOIN symbols s USING (sid)' : ''}`,
  );
  return rows.map(([seq, name, ts, price, volume, bid, ask]) => {
    const symbol = own ? String(name) : (symbols.get(String(name)) ?? `sid ${name}`);
    const values = [price, volume, bid, ask] as [number, number, number | null, number | null];
    return `${seq}|${tickKey(symbol, BigInt(ts as string), ...values)}`;
  });
}

async function candlesOfFile(duck: DuckOracle, path: string, timeframe: string): Promise<string[]> {
  const rows = await duck.rows(
    path,
    `SELECT s.symbol, epoch_ns(d.ts), d.open, d.high, d.low, d.close, d.volume FROM data d LEFT JOIN symbols s USING (sid)`,
  );
  return rows.map(([symbol, ts, ...values]) =>
    [timeframe, symbol, ts, ...values.map((value) => bitsOf(value as number))].join('|'),
  );
}

function ticksOfBatches(rows: readonly BatchRow[], symbols: ReadonlyMap<string, string>): string[] {
  return rows.flatMap((row) => {
    const batch = decodeBatch(row.data, Number(row.crc32));
    return Array.from(batch.ts, (ts, i) => {
      const symbol = symbols.get(String(batch.sid[i])) ?? `sid ${batch.sid[i]}`;
      const values = [batch.price[i], batch.volume[i], batch.bid[i], batch.ask[i]] as [
        number,
        number,
        number,
        number,
      ];
      return `${row.first_seq + BigInt(i)}|${tickKey(symbol, ts, ...values)}`;
    });
  });
}

interface LiveRows {
  readonly ticks: string[];
  readonly late: string[];
  readonly candles: string[];
}

/** Rows of live.db and its segments; those of a published trading date belong to history and are left out. */
async function liveRows(
  file: string,
  published: readonly FileRow[],
  duck: DuckOracle,
): Promise<LiveRows> {
  const db = openReadOnly(file);
  try {
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'candles'").get() === undefined)
      return { ticks: [], late: [], candles: [] };
    const datesOf = (kind: string): Set<string> =>
      new Set(published.filter((row) => row.kind === kind).map((row) => row.trading_date));
    const [tickDates, candleDates] = [datesOf('ticks'), datesOf('candles')];
    const hidden = (row: { trading_date: string }): boolean => tickDates.has(row.trading_date);
    const symbols = new Map(
      (
        db.prepare('SELECT sid, symbol FROM symbols').all() as { sid: bigint; symbol: string }[]
      ).map(({ sid, symbol }) => [String(sid), symbol]),
    );
    const batches = (table: 'tail' | 'late'): BatchRow[] =>
      db.prepare(`SELECT first_seq, trading_date, crc32, data FROM ${table}`).all() as BatchRow[];
    const ticks = ticksOfBatches(
      batches('tail').filter((row) => !hidden(row)),
      symbols,
    );
    const segments = db.prepare('SELECT path, trading_date FROM segments').all() as FileRow[];
    for (const segment of segments.filter((row) => !hidden(row)))
      ticks.push(...(await ticksOfFile(duck, join(dirname(file), segment.path), symbols)));
    const candles = (
      db
        .prepare(
          "SELECT c.*, s.symbol FROM candles c LEFT JOIN symbols s USING (sid) WHERE origin = 'supplied'",
        )
        .all() as Record<string, unknown>[]
    )
      .filter((row) => !candleDates.has(String(row['trading_date'])))
      .map((row) => {
        const values = ['open', 'high', 'low', 'close', 'volume'].map((name) =>
          bitsOf(row[name] as number),
        );
        return ['1m', row['symbol'], row['ts'], ...values].join('|');
      });
    return { ticks, late: ticksOfBatches(batches('late'), symbols), candles };
  } finally {
    db.close();
  }
}

/**
 * Every row of one exchange that a query must see: published files, and the live buffer without the dates that are
 * published. Use it while no writer runs.
 *
 * @param root The data root. A database that does not exist yet has no rows.
 * @throws Error when a listed file cannot be read, or a batch is damaged: then rows are lost.
 */
export async function rootRows(
  root: string,
  exchange: string,
  duck: DuckOracle,
): Promise<RootRows> {
  const published = publishedOf(join(root, 'market_data', 'manifest.db'), exchange);
  const ticks: string[] = [];
  const candles: string[] = [];
  for (const file of published) {
    const path = join(root, file.path);
    if (file.kind === 'ticks') ticks.push(...(await ticksOfFile(duck, path)));
    else candles.push(...(await candlesOfFile(duck, path, file.timeframe)));
  }
  const file = join(root, 'live_buffer', exchange, 'live.db');
  const live = existsSync(file) ? await liveRows(file, published, duck) : undefined;
  return {
    ticks: [...ticks, ...(live?.ticks ?? [])],
    late: live?.late ?? [],
    candles: [...candles, ...(live?.candles ?? [])],
    published: published
      .map(
        (row) =>
          `${row.kind} ${row.timeframe} ${row.trading_date} r${row.revision} ${row.rows} rows`,
      )
      .sort(),
  };
}

/** Data files below `market_data` and `live_buffer` that nothing lists: litter of an interrupted build. */
export function unlistedFiles(root: string): string[] {
  const listed = new Set<string>();
  const note = (db: string, sql: string, base: string): void => {
    if (!existsSync(db)) return;
    const connection = openReadOnly(db);
    for (const path of connection.prepare(sql).pluck().all() as string[])
      listed.add(join(base, path));
    connection.close();
  };
  const manifest = join(root, 'market_data', 'manifest.db');
  note(
    manifest,
    'SELECT path FROM files UNION SELECT path FROM months UNION SELECT path FROM garbage',
    root,
  );
  const live = join(root, 'live_buffer');
  for (const exchange of existsSync(live) ? readdirSync(live) : []) {
    const folder = join(live, exchange);
    note(
      join(folder, 'live.db'),
      'SELECT path FROM segments UNION SELECT path FROM garbage',
      folder,
    );
  }
  return ['market_data', 'live_buffer']
    .filter((name) => existsSync(join(root, name)))
    .flatMap((name) =>
      readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(root, name, path),
      ),
    )
    .filter((path) => /\.(duckdb|parquet)$/.test(path) && !listed.has(path));
}
