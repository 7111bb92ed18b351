import type { BenchRow } from '@tb/testkit';
import { type Bench, detailOf } from './bench.ts';
import { EXCHANGE } from './made-store.ts';
import { compared, timed } from './reference.ts';
import { names, rangeOf, SYMBOLS, year } from './sizes.ts';

/** A month of 1m of every symbol as 15m, beside the same SQL on the sorted file. */
export async function resampleRows(bench: Bench): Promise<BenchRow[]> {
  const range = rangeOf(year.filter((session) => session.tradingDate.startsWith('2024-06')));
  const ask = { exchange: EXCHANGE, symbols: names, timeframe: '15m', ...range };
  const sql = `SELECT epoch_ns(time_bucket(INTERVAL 15 MINUTE, ts::TIMESTAMP)) AS t, sid, arg_min(open, ts) AS open, max(high) AS high, min(low) AS low, arg_max(close, ts) AS close, sum(volume) AS volume
FROM ref.minutes WHERE ts >= make_timestamp_ns(${range.from}) AND ts < make_timestamp_ns(${range.to}) GROUP BY ALL ORDER BY t, sid`;
  const { ratio, ours, theirs } = await compared(
    5,
    () => timed(async () => (await bench.query.candles(ask)).columns()),
    () => timed(() => bench.raw.rows(sql)),
  );
  const name = `1m to 15m, ${SYMBOLS} symbols, a month`;
  return [{ name, value: ratio, unit: 'x', goal: '<= 1.2', detail: detailOf(ours, theirs) }];
}
