import type { DuckDBConnection } from '@duckdb/node-api';
import { type ClockBlock, IST_OFFSET_NS } from '../clock.ts';
import { ANY_EXCHANGE } from './calendar-tables.ts';
import { rowsOf } from './query.ts';

/**
 * Counts, for each group and day of naive times, the rows in market hours under either clock.
 *
 * @param relation Rows with `symbol` (NULL: unknown), `grp` (text), `daily` (BOOLEAN) and `ns` (naive, as if UTC).
 */
export async function clockBlocksOf(
  connection: DuckDBConnection,
  relation: string,
): Promise<ClockBlock[]> {
  const rows = await rowsOf(
    connection,
    `WITH timed AS (
       SELECT r.symbol, r.grp, r.daily, r.ns, r.ns - ${IST_OFFSET_NS} AS ist, coalesce(k.exchange, '${ANY_EXCHANGE}') AS exchange
       FROM (${relation}) AS r LEFT JOIN keys AS k ON k.key = r.symbol WHERE r.ns IS NOT NULL
     ), utc AS (
       SELECT t.*, coalesce(t.ns <= h.to_ns, false) AS in_utc, h.is_long AS long_utc
       FROM timed AS t ASOF LEFT JOIN hours AS h ON h.exchange = t.exchange AND t.ns >= h.from_ns
     ), both_clocks AS (
       SELECT t.*, coalesce(t.ist <= h.to_ns, false) AS in_ist, h.is_long AS long_ist
       FROM utc AS t ASOF LEFT JOIN hours AS h ON h.exchange = t.exchange AND t.ist >= h.from_ns
     )
     SELECT grp, coalesce(any_value(symbol), '') AS symbol, make_timestamp_ns(ns)::DATE::VARCHAR AS day,
       count(*) AS n, count(*) FILTER (in_utc) AS in_utc, count(*) FILTER (in_ist) AS in_ist,
       coalesce(bool_or(long_utc OR long_ist), true) AS is_long, bool_or(daily) AS is_daily
     FROM both_clocks GROUP BY grp, day ORDER BY grp, day`,
  );
  return rows.map((row) => ({
    group: String(row['grp']),
    symbol: String(row['symbol']),
    day: String(row['day']),
    rows: Number(row['n']),
    insideUtc: Number(row['in_utc']),
    insideIst: Number(row['in_ist']),
    isLong: row['is_long'] === true,
    isDaily: row['is_daily'] === true,
  }));
}
