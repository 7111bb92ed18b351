import type { DuckDBConnection } from '@duckdb/node-api';
import { parseTimeframe, STORED_TIMEFRAMES, timeframeNs } from '@tb/schema';
import {
  type Clock,
  type ColumnClocks,
  decideClocks,
  IST_OFFSET_NS,
  offsetNsOf,
} from '../clock.ts';
import type { CandleRole, CandleSource } from '../market-source.ts';
import { doubleSql, numberProblemSql } from '../number-sql.ts';
import { identifier, literal, type SourceColumn } from '../source-table.ts';
import { timeSql } from '../time-sql.ts';
import { timeframeOfText } from '../timeframe-text.ts';
import { clockBlocksOf } from './clock-blocks.ts';
import { insertValues, rowsOf } from './query.ts';
import { numberedRelation, rowHashSql } from './survey.ts';

const DAY_NS = 86_400_000_000_000n;
const MINUTE_NS = 60_000_000_000n;
const FIVE_MINUTES_NS = 5n * MINUTE_NS;

/** So many different candles must stand again 5:30 later, and be so much of their day, before it is a copy of itself. */
const COPY_CANDLES = 20;
const COPY_SHARE = 0.4;
/** So many candles, all five minutes apart: no thin symbol trades like that. */
const WIDE_CANDLES = 10;

const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Rows of every candle table as they are, with the first thing that is wrong with their values. */
export async function readCandles(
  connection: DuckDBConnection,
  sources: readonly CandleSource[],
): Promise<void> {
  await connection.run(
    `CREATE TABLE candle_in (tbl INTEGER, rank INTEGER, src BIGINT, key VARCHAR, tf_text VARCHAR, t VARCHAR, open DOUBLE, high DOUBLE,
       low DOUBLE, close DOUBLE, volume DOUBLE, synthetic BOOLEAN, row_hash UBIGINT, problem VARCHAR)`,
  );
  for (const source of sources)
    await connection.run(`INSERT INTO candle_in ${candleSelect(source)}`);
}

function candleSelect({ id, rank, table, columns }: CandleSource): string {
  const column = (role: CandleRole): SourceColumn => columns[role] as SourceColumn;
  const value = (role: CandleRole): string =>
    doubleSql(identifier(column(role).name), column(role).type);
  const problems = [...PRICES, 'volume' as const].map((role) =>
    numberProblemSql({
      expression: identifier(column(role).name),
      type: column(role).type,
      label: role === 'volume' ? 'volume' : 'price',
    }),
  );
  const [open, high, low, close] = PRICES.map(value) as [string, string, string, string];
  const inconsistent = `CASE WHEN ${low} > least(${open}, ${close}) OR ${high} < greatest(${open}, ${close}) THEN 'price_inconsistent' END`;
  const { timeframe, synthetic } = columns;
  return `SELECT ${id}, ${rank}, tb_rowid, ${identifier(column('key').name)}::VARCHAR,
    ${timeframe ? `${identifier(timeframe.name)}::VARCHAR` : "'1m'"},
    ${timeSql(identifier(column('time').name), column('time').type)},
    ${open}, ${high}, ${low}, ${close}, ${value('volume')},
    ${synthetic ? `coalesce(try_cast(${identifier(synthetic.name)}::VARCHAR AS BOOLEAN), false)` : 'false'},
    ${rowHashSql(table.columns)},
    coalesce(${problems.slice(0, 4).join(', ')}, ${inconsistent}, ${problems[4]})
    FROM ${numberedRelation(table)} AS rows`;
}

/** Decides the clock of every block of naive candle times and gives each candle its time in UTC. */
export async function timeCandles(
  connection: DuckDBConnection,
  sources: readonly CandleSource[],
  stated: ReadonlyMap<number, Clock>,
): Promise<ReadonlyMap<number, ColumnClocks>> {
  await createTimeframes(connection);
  await connection.run(
    `CREATE TABLE candle_read AS
     SELECT c.* EXCLUDE (tf_text), c.tf_text IS NULL AS no_timeframe, f.timeframe, f.width, k.key_id, k.exchange,
       coalesce(CASE WHEN c.key IS NULL THEN 'key_missing' END, k.problem) AS key_problem,
       starts_with(c.t, 'n:') AS naive, try_cast(substr(CASE WHEN starts_with(c.t, 'x:') THEN NULL ELSE c.t END, 3) AS BIGINT) AS ns
     FROM candle_in AS c LEFT JOIN keys AS k ON k.key = c.key LEFT JOIN timeframes AS f ON f.text = c.tf_text`,
  );
  await connection.run('DROP TABLE candle_in');
  await joinCopies(connection);
  await connection.run(
    'CREATE TABLE candle_clock (tbl INTEGER, grp VARCHAR, day VARCHAR, offset_ns BIGINT)',
  );
  const clocks = new Map<number, ColumnClocks>();
  for (const { id } of sources) {
    const blocks = await clockBlocksOf(
      connection,
      `SELECT c.key AS symbol, ${GROUP} AS grp, c.timeframe = '1d' AS daily, c.ns
       FROM candle_read AS c WHERE c.tbl = ${id} AND c.naive AND c.key_problem IS NULL AND c.problem IS NULL`,
    );
    const decided = decideClocks(blocks, stated.get(id));
    clocks.set(id, decided);
    const values = [...decided.blocks].map(([key, clock]) => {
      const [day, group] = [key.slice(0, 10), key.slice(11)];
      return `(${id}, ${literal(group)}, '${day}', ${offsetNsOf(clock)})`;
    });
    await insertValues(connection, 'candle_clock', values);
  }
  return clocks;
}

/** What a clock is decided for, on each day: a symbol in one timeframe. */
const GROUP = "concat_ws('|', c.key_id, c.timeframe)";

async function createTimeframes(connection: DuckDBConnection): Promise<void> {
  await connection.run('CREATE TABLE timeframes (text VARCHAR, timeframe VARCHAR, width BIGINT)');
  const texts = await rowsOf(
    connection,
    'SELECT DISTINCT tf_text AS text FROM candle_in WHERE tf_text IS NOT NULL',
  );
  const values = texts.flatMap(({ text }) => {
    const timeframe = timeframeOfText(String(text));
    if (timeframe === undefined) return [];
    const width = timeframeNs(parseTimeframe(timeframe)) ?? 0n;
    return [`(${literal(String(text))}, '${timeframe}', ${width})`];
  });
  await insertValues(connection, 'timeframes', values);
}

/**
 * A day that was stored twice, once under either clock, would look like one block that fits neither. The later copy is told
 * by its values, candle by candle, and takes the time of the candle that it repeats.
 */
async function joinCopies(connection: DuckDBConnection): Promise<void> {
  const values = [...PRICES, 'volume'];
  const equal = values.map((name) => `a.${name} = b.${name}`).join(' AND ');
  await connection.run(
    `CREATE TABLE candle_copy AS
     WITH pairs AS (
       SELECT b.tbl, b.src, any_value(a.row_hash) AS row_hash, any_value(b.key_id) AS key_id, any_value(b.timeframe) AS timeframe,
         any_value(b.ns) // ${DAY_NS} AS day, any_value(hash(${values.map((name) => `b.${name}`).join(', ')})) AS shape
       FROM candle_read AS b JOIN candle_read AS a
         ON a.tbl = b.tbl AND a.key_id = b.key_id AND a.timeframe = b.timeframe AND a.ns = b.ns - ${IST_OFFSET_NS} AND ${equal}
       WHERE a.naive AND b.naive GROUP BY b.tbl, b.src
     ), days AS (
       SELECT tbl, key_id, timeframe, ns // ${DAY_NS} AS day, count(*) AS candles FROM candle_read WHERE naive GROUP BY ALL
     ), doubled AS (
       SELECT tbl, key_id, timeframe, day FROM pairs JOIN days USING (tbl, key_id, timeframe, day) GROUP BY ALL
       HAVING count(DISTINCT shape) >= ${COPY_CANDLES} AND count(*) >= ${COPY_SHARE} * any_value(candles)
     )
     SELECT tbl, src, row_hash FROM pairs SEMI JOIN doubled USING (tbl, key_id, timeframe, day)`,
  );
  await connection.run(
    `UPDATE candle_read AS c SET ns = c.ns - ${IST_OFFSET_NS}, row_hash = p.row_hash
     FROM candle_copy AS p WHERE p.tbl = c.tbl AND p.src = c.src`,
  );
}

/**
 * Gives each candle its one fate: `moved`, `duplicates`, `quarantined` with a reason, `archived`. On the same key the
 * first of (real, synthetic), then of the tables' rank, then of the stored order stays.
 * @param now ns UTC.
 */
export async function decideCandles(connection: DuckDBConnection, now: bigint): Promise<void> {
  await connection.run(
    `CREATE TABLE candle_timed AS
     SELECT c.*, CASE WHEN c.naive THEN c.ns - k.offset_ns ELSE c.ns END AS ts
     FROM candle_read AS c
     LEFT JOIN candle_clock AS k ON c.naive AND k.tbl = c.tbl AND k.grp = ${GROUP}
       AND k.day = make_timestamp_ns(c.ns)::DATE::VARCHAR`,
  );
  await connection.run('DROP TABLE candle_read');
  await connection.run(
    `CREATE TABLE candle_placed AS
     SELECT c.*, s.open AS session_open, s.window_from, s.close AS session_close,
       CASE WHEN c.ts < s.window_to THEN s.trading_date END AS trading_date
     FROM candle_timed AS c ASOF LEFT JOIN sessions AS s ON s.exchange = c.exchange AND c.ts >= s.window_from`,
  );
  await connection.run('DROP TABLE candle_timed');
  await connection.run(
    `CREATE TABLE candle_reason AS SELECT *, ${reasonSql(now)} AS reason FROM candle_placed`,
  );
  await connection.run('DROP TABLE candle_placed');
  await connection.run(
    `UPDATE candle_reason SET reason = 'timeframe_not_1m' WHERE (tbl, src) IN (${WIDE_BLOCKS})`,
  );
  await connection.run(`CREATE TABLE candle_fate AS ${FATES}`);
  await connection.run('DROP TABLE candle_reason');
}

const TIME_PROBLEM =
  "CASE WHEN t IS NULL THEN 'time_missing' WHEN starts_with(t, 'x:') THEN substr(t, 3) END";

/** Whole days keep their place on the grid at the open of a session: elsewhere they are archived, whatever their clock. */
const reasonSql = (now: bigint): string => `coalesce(
  key_problem,
  ${TIME_PROBLEM},
  problem,
  CASE WHEN no_timeframe THEN 'timeframe_unknown'
    WHEN timeframe IS NULL OR timeframe NOT IN (${STORED_TIMEFRAMES.map(literal).join(', ')}) THEN 'archived'
    WHEN timeframe = '1d' AND coalesce(ts <> session_open, true) THEN 'archived'
    WHEN ts IS NULL THEN 'clock_unclear'
    WHEN timeframe = '1m' AND ts % ${MINUTE_NS} <> 0 THEN 'time_off_minute'
    WHEN trading_date IS NULL THEN 'no_session'
    WHEN session_close > ${now} THEN 'session_open'
    WHEN timeframe = '1m' AND (ns % ${DAY_NS} = 0 OR ts = window_from) AND (ts < session_open OR ts >= session_close) THEN 'timeframe_not_1m'
    WHEN timeframe NOT IN ('1m', '1d') AND (ts - session_open) % width <> 0 THEN 'archived'
  END)`;

/** 5m candles in a table of 1m ones: a symbol-day in which every candle lies on the grid of five minutes. */
const WIDE_BLOCKS = `SELECT tbl, src FROM candle_reason WHERE reason IS NULL AND timeframe = '1m'
  WINDOW block AS (PARTITION BY tbl, key_id, trading_date)
  QUALIFY count(*) OVER block >= ${WIDE_CANDLES} AND bool_and((ts - session_open) % ${FIVE_MINUTES_NS} = 0) OVER block`;

const FATES = `WITH ranked AS (
    SELECT tbl, src, ${['row_hash', ...PRICES, 'volume'].join(', ')},
      row_number() OVER same AS place, first_value(tbl) OVER same AS first_tbl,
      ${['row_hash', ...PRICES, 'volume'].map((name) => `first_value(${name}) OVER same AS first_${name}`).join(', ')}
    FROM candle_reason WHERE reason IS NULL
    WINDOW same AS (PARTITION BY exchange, key_id, timeframe, ts ORDER BY synthetic, rank, tbl, src)
  ), judged AS (
    SELECT tbl, src, CASE WHEN place = 1 THEN 'moved'
      WHEN ${[...PRICES, 'volume'].map((name) => `${name} = first_${name}`).join(' AND ')}
        AND (tbl <> first_tbl OR row_hash = first_row_hash) THEN 'duplicates'
      ELSE 'quarantined' END AS fate
    FROM ranked
  )
  SELECT c.tbl, c.src, c.key_id, c.exchange, c.timeframe, c.ts, c.trading_date, c.open, c.high, c.low, c.close, c.volume,
    CASE WHEN c.reason = 'archived' THEN 'archived' WHEN c.reason IS NOT NULL THEN 'quarantined' ELSE j.fate END AS fate,
    CASE WHEN c.reason = 'archived' THEN NULL WHEN c.reason IS NOT NULL THEN c.reason
      WHEN j.fate = 'quarantined' THEN 'key_conflict' END AS reason,
    false AS in_target
  FROM candle_reason AS c LEFT JOIN judged AS j ON j.tbl = c.tbl AND j.src = c.src
  ORDER BY c.exchange, c.trading_date, c.timeframe, c.key_id, c.ts`;
