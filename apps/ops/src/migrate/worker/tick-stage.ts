import type { DuckDBConnection } from '@duckdb/node-api';
import { type Clock, type ColumnClocks, decideClocks, offsetNsOf } from '../clock.ts';
import type { TickRole, TickSource } from '../market-source.ts';
import { doubleSql, numberProblemSql } from '../number-sql.ts';
import { identifier, literal, type SourceColumn } from '../source-table.ts';
import { timeSql } from '../time-sql.ts';
import { clockBlocksOf } from './clock-blocks.ts';
import { insertValues } from './query.ts';
import { numberedRelation } from './survey.ts';

/** Rows of every tick table as they are, with the first thing that is wrong with their values. */
export async function readTicks(
  connection: DuckDBConnection,
  sources: readonly TickSource[],
): Promise<void> {
  await connection.run(
    `CREATE TABLE tick_in (tbl INTEGER, src BIGINT, key VARCHAR, t VARCHAR, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE, problem VARCHAR)`,
  );
  for (const source of sources) await connection.run(`INSERT INTO tick_in ${tickSelect(source)}`);
}

function tickSelect({ id, table, columns }: TickSource): string {
  const column = (role: TickRole): SourceColumn => columns[role] as SourceColumn;
  const value = (role: TickRole): string =>
    doubleSql(identifier(column(role).name), column(role).type);
  const problem = (role: 'price' | 'volume'): string =>
    numberProblemSql({
      expression: identifier(column(role).name),
      type: column(role).type,
      label: role,
    });
  // A quote that is no price is no quote; the tick itself stays.
  const quote = (role: 'bid' | 'ask'): string =>
    columns[role] ? `CASE WHEN isfinite(${value(role)}) THEN ${value(role)} END` : 'NULL';
  return `SELECT ${id}, tb_rowid, ${identifier(column('key').name)}::VARCHAR,
    ${timeSql(identifier(column('time').name), column('time').type)},
    ${value('price')}, ${value('volume')}, ${quote('bid')}, ${quote('ask')}, coalesce(${problem('price')}, ${problem('volume')})
    FROM ${numberedRelation(table)} AS rows`;
}

/** Decides the clock of every block of naive tick times. */
export async function clockTicks(
  connection: DuckDBConnection,
  sources: readonly TickSource[],
  stated: ReadonlyMap<number, Clock>,
): Promise<ReadonlyMap<number, ColumnClocks>> {
  await connection.run(
    `CREATE TABLE tick_read AS
     SELECT i.*, k.key_id, k.exchange, coalesce(CASE WHEN i.key IS NULL THEN 'key_missing' END, k.problem) AS key_problem,
       starts_with(i.t, 'n:') AS naive, try_cast(substr(CASE WHEN starts_with(i.t, 'x:') THEN NULL ELSE i.t END, 3) AS BIGINT) AS ns
     FROM tick_in AS i LEFT JOIN keys AS k ON k.key = i.key`,
  );
  await connection.run('DROP TABLE tick_in');
  await connection.run(
    'CREATE TABLE tick_clock (tbl INTEGER, grp VARCHAR, day VARCHAR, offset_ns BIGINT)',
  );
  const clocks = new Map<number, ColumnClocks>();
  for (const { id } of sources) {
    const blocks = await clockBlocksOf(
      connection,
      `SELECT key AS symbol, coalesce(key, '') AS grp, false AS daily, ns FROM tick_read WHERE tbl = ${id} AND naive AND key_problem IS NULL AND problem IS NULL`,
    );
    const decided = decideClocks(blocks, stated.get(id));
    clocks.set(id, decided);
    const values = [...decided.blocks].map(([key, clock]) => {
      const [day, group] = [key.slice(0, 10), key.slice(11)];
      return `(${id}, ${literal(group)}, '${day}', ${offsetNsOf(clock)})`;
    });
    await insertValues(connection, 'tick_clock', values);
  }
  return clocks;
}

/**
 * Gives each tick its one fate: `moved`, or `quarantined` with a reason. Equal ticks are real trades: none is ever merged.
 * `seq` counts the ticks of an exchange in stored order.
 * @param now ns UTC.
 */
export async function decideTicks(connection: DuckDBConnection, now: bigint): Promise<void> {
  await connection.run(
    `CREATE TABLE tick_timed AS
     SELECT t.*, CASE WHEN t.naive THEN t.ns - k.offset_ns ELSE t.ns END AS ts
     FROM tick_read AS t
     LEFT JOIN tick_clock AS k ON t.naive AND k.tbl = t.tbl AND k.grp = coalesce(t.key, '') AND k.day = make_timestamp_ns(t.ns)::DATE::VARCHAR`,
  );
  await connection.run('DROP TABLE tick_read');
  await connection.run(
    `CREATE TABLE tick_fate AS
     WITH placed AS (
       SELECT t.*, s.close AS session_close, CASE WHEN t.ts < s.window_to THEN s.trading_date END AS trading_date
       FROM tick_timed AS t ASOF LEFT JOIN sessions AS s ON s.exchange = t.exchange AND t.ts >= s.window_from
     ), judged AS (
       SELECT *, coalesce(key_problem,
         CASE WHEN t IS NULL THEN 'time_missing' WHEN starts_with(t, 'x:') THEN substr(t, 3) END,
         problem,
         CASE WHEN ts IS NULL THEN 'clock_unclear' WHEN trading_date IS NULL THEN 'no_session'
           WHEN session_close > ${now} THEN 'session_open' END) AS reason
       FROM placed
     )
     SELECT tbl, src, key_id, exchange, ts, trading_date, price, volume, bid, ask,
       CASE WHEN reason IS NULL THEN row_number() OVER (PARTITION BY exchange, reason IS NULL ORDER BY tbl, src) END AS seq,
       CASE WHEN reason IS NULL THEN 'moved' ELSE 'quarantined' END AS fate, reason, false AS in_target
     FROM judged ORDER BY exchange, trading_date, key_id, ts`,
  );
  await connection.run('DROP TABLE tick_timed');
}
