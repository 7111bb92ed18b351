import type { DuckDBConnection } from '@duckdb/node-api';
import { type FileEntry, verifyFile, withAttached } from '@tb/history';
import type { Layout } from '@tb/schema';
import { literal } from '../source-table.ts';
import { rowsOf } from './query.ts';

/** A date of an exchange that has rows to move. */
export interface MarketDate {
  readonly exchange: string;
  readonly tradingDate: string;
  /** Rows to move that the data root does not have yet. */
  readonly newRows: number;
}

/** A symbol that rows to move belong to, with the first date of them. */
export interface MarketSymbol {
  readonly exchange: string;
  readonly symbol: string;
  readonly keyId: number;
  readonly firstDate: string;
}

const CANDLE_VALUES = ['open', 'high', 'low', 'close', 'volume'] as const;
const MOVED =
  "SELECT exchange, trading_date, key_id, in_target FROM candle_fate WHERE fate = 'moved' UNION ALL SELECT exchange, trading_date, key_id, in_target FROM tick_fate WHERE fate = 'moved'";

/** Every date that rows are to be moved to, ascending. */
export async function marketDates(connection: DuckDBConnection): Promise<MarketDate[]> {
  const rows = await rowsOf(
    connection,
    `SELECT exchange, trading_date, count(*) FILTER (NOT in_target) AS n FROM (${MOVED}) GROUP BY ALL ORDER BY ALL`,
  );
  return rows.map((row) => ({
    exchange: String(row['exchange']),
    tradingDate: String(row['trading_date']),
    newRows: Number(row['n']),
  }));
}

/** Every symbol of rows to move, by exchange and first date. */
export async function marketSymbols(connection: DuckDBConnection): Promise<MarketSymbol[]> {
  const rows = await rowsOf(
    connection,
    `SELECT m.exchange, k.key, k.key_id, min(m.trading_date) AS first FROM (${MOVED}) AS m JOIN keys AS k USING (key_id)
     GROUP BY ALL ORDER BY m.exchange, first, k.key`,
  );
  return rows.map((row) => ({
    exchange: String(row['exchange']),
    symbol: String(row['key']),
    keyId: Number(row['key_id']),
    firstDate: String(row['first']),
  }));
}

/**
 * `sids` holds the symbols that the data root knows. Compares the rows to move with a published file of their date. What the file holds already stays moved and is not
 * written again; a candle with other values, and ticks of a symbol that differ as a whole, go to quarantine.
 */
export async function compareWithPublished(
  connection: DuckDBConnection,
  layout: Layout,
  file: FileEntry,
): Promise<void> {
  await verifyFile(layout, file);
  await withAttached(connection, layout, [file], async ([relation]) => {
    const symbols = `(SELECT s.key_id, d.* FROM ${relation} AS d JOIN sids AS s ON s.sid = d.sid)`;
    const where = `f.fate = 'moved' AND f.exchange = ${literal(file.exchange)} AND f.trading_date = ${literal(file.tradingDate)}`;
    if (file.kind === 'candles') await compareCandles(connection, symbols, where, file.timeframe);
    else await compareTicks(connection, symbols, where);
  });
}

async function compareCandles(
  connection: DuckDBConnection,
  published: string,
  where: string,
  timeframe: string,
): Promise<void> {
  const equal = CANDLE_VALUES.map((name) => `f.${name} = p.${name}`).join(' AND ');
  const same = `${where} AND f.timeframe = '${timeframe}' AND p.key_id = f.key_id AND epoch_ns(p.ts) = f.ts`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE tb_compared AS SELECT f.tbl, f.src, ${equal} AS same FROM candle_fate AS f, ${published} AS p WHERE ${same}`,
  );
  await connection.run(
    `UPDATE candle_fate SET in_target = c.same, fate = CASE WHEN c.same THEN fate ELSE 'quarantined' END,
       reason = CASE WHEN c.same THEN reason ELSE 'target_conflict' END
     FROM tb_compared AS c WHERE c.tbl = candle_fate.tbl AND c.src = candle_fate.src`,
  );
}

async function compareTicks(
  connection: DuckDBConnection,
  published: string,
  where: string,
): Promise<void> {
  const digest = (alias: string, ts: string): string =>
    `count(*) AS n, sum(hash(${ts}, ${alias}.price, ${alias}.volume, ${alias}.bid, ${alias}.ask)) AS h`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE tb_compared AS
     WITH ours AS (SELECT f.key_id, ${digest('f', 'f.ts')} FROM tick_fate AS f WHERE ${where} GROUP BY ALL),
       theirs AS (SELECT p.key_id, ${digest('p', 'epoch_ns(p.ts)')} FROM ${published} AS p GROUP BY ALL)
     SELECT o.key_id, o.n = t.n AND o.h = t.h AS same FROM ours AS o JOIN theirs AS t USING (key_id)`,
  );
  await connection.run(
    `UPDATE tick_fate AS f SET in_target = c.same, fate = CASE WHEN c.same THEN f.fate ELSE 'quarantined' END,
       reason = CASE WHEN c.same THEN f.reason ELSE 'target_conflict' END
     FROM tb_compared AS c WHERE c.key_id = f.key_id AND ${where}`,
  );
}

/**
 * Reads a published file back: every row that was moved into it must stand there.
 * @returns How many do not; 0 is the proof.
 */
export async function missingInPublished(
  connection: DuckDBConnection,
  layout: Layout,
  file: FileEntry,
): Promise<{ readonly rows: number; readonly missing: number }> {
  await verifyFile(layout, file);
  return await withAttached(connection, layout, [file], async ([relation]) => {
    const isTicks = file.kind === 'ticks';
    const values = isTicks ? 'price, volume, bid, ask' : CANDLE_VALUES.join(', ');
    const ours = `SELECT sid, ts, ${values} FROM ${isTicks ? 'tick' : 'candle'}_fate JOIN sids USING (key_id)
      WHERE fate = 'moved' AND exchange = ${literal(file.exchange)} AND trading_date = ${literal(file.tradingDate)}
      ${isTicks ? '' : `AND timeframe = ${literal(file.timeframe)}`}`;
    const theirs = `SELECT sid, epoch_ns(ts) AS ts, ${values} FROM ${relation} WHERE sid IN (SELECT sid FROM sids)`;
    // Ticks of a symbol come from here whole, or not at all: none may be there that was not moved.
    const extra = isTicks
      ? `(SELECT count(*) FROM ((${theirs} AND sid IN (SELECT sid FROM (${ours}))) EXCEPT ALL (${ours})))`
      : '0';
    const [row] = await rowsOf(
      connection,
      `SELECT (SELECT count(*) FROM (${ours})) AS n, (SELECT count(*) FROM ((${ours}) EXCEPT ALL (${theirs}))) + ${extra} AS missing`,
    );
    return { rows: Number(row?.['n'] ?? 0), missing: Number(row?.['missing'] ?? 0) };
  });
}
