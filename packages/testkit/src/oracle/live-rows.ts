import { dirname, join } from 'node:path';
import { bitsOf, tickKey } from '../tick-key.ts';
import { decodeBatch } from './batch.ts';
import type { DuckOracle } from './duck.ts';
import { hasTable, openCopy } from './open-copy.ts';
import { ticksOfFile } from './tick-file.ts';

interface BatchRow {
  readonly first_seq: bigint;
  readonly trading_date: string;
  readonly crc32: bigint;
  readonly data: Buffer;
}

interface DatedPath {
  readonly path: string;
  readonly trading_date: string;
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

/** Rows of one live buffer; ticks as `seq|tickKey`, candles as in `RootRows`. */
export interface LiveRows {
  readonly ticks: string[];
  readonly late: string[];
  readonly candles: string[];
}

/**
 * Rows of live.db and its segments. Those of a published trading date belong to history and are left out.
 *
 * @param tickDates Dates whose ticks are published. @param candleDates The same for candles.
 */
export async function liveRows(
  file: string,
  tickDates: ReadonlySet<string>,
  candleDates: ReadonlySet<string>,
  duck: DuckOracle,
): Promise<LiveRows> {
  using copy = openCopy(file);
  const { db } = copy;
  if (!hasTable(db, 'candles')) return { ticks: [], late: [], candles: [] };
  const names = db.prepare('SELECT sid, symbol FROM symbols').all() as {
    sid: bigint;
    symbol: string;
  }[];
  const symbols = new Map(names.map(({ sid, symbol }) => [String(sid), symbol]));
  const batches = (table: 'tail' | 'late'): BatchRow[] =>
    db.prepare(`SELECT first_seq, trading_date, crc32, data FROM ${table}`).all() as BatchRow[];
  const isVisible = (row: { trading_date: string }): boolean => !tickDates.has(row.trading_date);
  const ticks = ticksOfBatches(batches('tail').filter(isVisible), symbols);
  const segments = db.prepare('SELECT path, trading_date FROM segments').all() as DatedPath[];
  for (const segment of segments.filter(isVisible))
    ticks.push(...(await ticksOfFile(duck, join(dirname(file), segment.path), symbols)));
  const supplied = db
    .prepare(
      "SELECT c.*, s.symbol FROM candles c LEFT JOIN symbols s USING (sid) WHERE origin = 'supplied'",
    )
    .all() as Record<string, unknown>[];
  const candles = supplied
    .filter((row) => !candleDates.has(String(row['trading_date'])))
    .map((row) => {
      const values = ['open', 'high', 'low', 'close', 'volume'].map((name) =>
        bitsOf(row[name] as number),
      );
      return ['1m', row['symbol'], row['ts'], ...values].join('|');
    });
  return { ticks, late: ticksOfBatches(batches('late'), symbols), candles };
}
