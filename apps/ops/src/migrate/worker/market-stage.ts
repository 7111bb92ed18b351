import type { DuckDBConnection } from '@duckdb/node-api';
import type { Clock, ColumnClocks } from '../clock.ts';
import type { ExchangeMap } from '../exchange-of-key.ts';
import type { CandleSource, MarketSource, TickSource } from '../market-source.ts';
import { addKeys, addSessions, type CalendarOf } from './calendar-tables.ts';
import { decideCandles, readCandles, timeCandles } from './candle-stage.ts';
import { rowsOf } from './query.ts';
import { clockTicks, decideTicks, readTicks } from './tick-stage.ts';

/** How many rows of a table met which fate, for one reason. */
export interface FateCount {
  readonly id: number;
  readonly fate: 'moved' | 'duplicates' | 'quarantined' | 'archived';
  readonly reason: string | null;
  readonly rows: number;
}

export interface MarketStage {
  readonly clocks: ReadonlyMap<number, ColumnClocks>;
}

export interface MarketJob {
  readonly sources: readonly MarketSource[];
  readonly exchanges: ExchangeMap;
  /** Clocks that the user states, by the number of the table. */
  readonly stated: ReadonlyMap<number, Clock>;
  /** ns UTC. Rows of a session that is not over wait: the ingestor's would be hidden by them. */
  readonly now: bigint;
}

/** Gives every row of the market tables its one fate; the tables `candle_fate` and `tick_fate` hold them. */
export async function stageMarket(
  connection: DuckDBConnection,
  job: MarketJob,
  calendarOf: CalendarOf,
): Promise<MarketStage> {
  const candles = job.sources.filter((source): source is CandleSource => source.kind === 'candles');
  const ticks = job.sources.filter((source): source is TickSource => source.kind === 'ticks');
  await readCandles(connection, candles);
  await readTicks(connection, ticks);
  await addKeys(
    connection,
    'SELECT key FROM candle_in UNION ALL SELECT key FROM tick_in',
    job.exchanges,
  );
  const ns =
    "try_cast(substr(CASE WHEN starts_with(t, 'x:') THEN NULL ELSE t END, 3) AS BIGINT) AS ns";
  await addSessions(
    connection,
    `SELECT ${ns} FROM candle_in UNION ALL SELECT ${ns} FROM tick_in`,
    calendarOf,
  );
  const candleClocks = await timeCandles(connection, candles, job.stated);
  const tickClocks = await clockTicks(connection, ticks, job.stated);
  await decideCandles(connection, job.now);
  await decideTicks(connection, job.now);
  return { clocks: new Map([...candleClocks, ...tickClocks]) };
}

/** The fates of all rows, counted. */
export async function countFates(connection: DuckDBConnection): Promise<FateCount[]> {
  const rows = await rowsOf(
    connection,
    `SELECT tbl, fate, reason, count(*) AS n FROM (
       SELECT tbl, fate, reason FROM candle_fate UNION ALL SELECT tbl, fate, reason FROM tick_fate
     ) GROUP BY ALL ORDER BY ALL`,
  );
  return rows.map((row) => ({
    id: Number(row['tbl']),
    fate: row['fate'] as FateCount['fate'],
    reason: row['reason'] === null ? null : String(row['reason']),
    rows: Number(row['n']),
  }));
}
