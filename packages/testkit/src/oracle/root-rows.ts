import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bitsOf } from '../tick-key.ts';
import type { DuckOracle } from './duck.ts';
import { liveRows } from './live-rows.ts';
import { hasTable, openCopy } from './open-copy.ts';
import { ticksOfFile } from './tick-file.ts';

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

/** The published files of an exchange, the newest revision of each. */
function publishedOf(manifest: string, exchange: string): FileRow[] {
  if (!existsSync(manifest)) return [];
  using copy = openCopy(manifest);
  if (!hasTable(copy.db, 'files')) return [];
  return copy.db
    .prepare(
      `SELECT kind, timeframe, trading_date, max(revision) AS revision, path, rows
       FROM files WHERE exchange = ? AND tier <> 'pruned' GROUP BY kind, timeframe, trading_date`,
    )
    .all(exchange) as FileRow[];
}

const datesOf = (files: readonly FileRow[], kind: string): Set<string> =>
  new Set(files.filter((row) => row.kind === kind).map((row) => row.trading_date));

async function candlesOfFile(duck: DuckOracle, path: string, timeframe: string): Promise<string[]> {
  const rows = await duck.rows(
    path,
    `SELECT s.symbol, epoch_ns(d.ts), d.open, d.high, d.low, d.close, d.volume FROM data d LEFT JOIN symbols s USING (sid)`,
  );
  return rows.map(([symbol, ts, ...values]) =>
    [timeframe, symbol, ts, ...values.map((value) => bitsOf(value as number))].join('|'),
  );
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
  const live = existsSync(file)
    ? await liveRows(file, datesOf(published, 'ticks'), datesOf(published, 'candles'), duck)
    : undefined;
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
    using copy = openCopy(db);
    for (const path of copy.db.prepare(sql).pluck().all() as string[]) listed.add(join(base, path));
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
