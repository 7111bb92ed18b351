import type { SqliteDatabase } from '@tb/locks';
import type { CandleColumns } from '@tb/schema';
import { allocateCandles, CandleSet, putCandle } from './candle-cache.ts';

/** Rows in one step: what a reader holds beside the columns. */
const PAGE_ROWS = 4_096;

type Row = readonly [
  sid: bigint,
  ts: bigint,
  tradingDate: string,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
];

/**
 * Closed and revised candles of live.db, by trading date: what a reader does once. Goes along the key in pages, so the
 * columns come sorted and a day of 150,000 candles is never there as objects. Inside a transaction of the caller.
 */
export function loadCandles(db: SqliteDatabase, which: 'all' | 'supplied'): Map<string, CandleSet> {
  const condition = which === 'all' ? 'true' : "origin = 'supplied'";
  const counts = db
    .prepare(`SELECT trading_date, count(*) FROM candles WHERE ${condition} GROUP BY trading_date`)
    .raw()
    .all() as [string, bigint][];
  if (counts.length === 0) return new Map();
  const days = new Map(
    counts.map(([date, rows]) => [date, { columns: allocateCandles(Number(rows)), next: 0 }]),
  );
  for (const [sid, ts, tradingDate, open, high, low, close, volume] of pages(db, condition)) {
    const day = days.get(tradingDate) as { columns: CandleColumns; next: number }; // counted above
    putCandle(day.columns, day.next++, { sid: Number(sid), ts, open, high, low, close, volume });
  }
  return new Map([...days].map(([date, { columns }]) => [date, CandleSet.of(columns)]));
}

function* pages(db: SqliteDatabase, condition: string): Generator<Row> {
  const select = db
    .prepare(
      `SELECT sid, ts, trading_date, open, high, low, close, volume FROM candles
       WHERE (sid, ts) > (?, ?) AND ${condition} ORDER BY sid, ts LIMIT ${PAGE_ROWS}`,
    )
    .raw();
  let [sid, ts] = [-1n, 0n];
  for (;;) {
    const rows = select.all(sid, ts) as Row[];
    yield* rows;
    if (rows.length < PAGE_ROWS) return;
    [sid, ts] = rows[rows.length - 1]!;
  }
}
