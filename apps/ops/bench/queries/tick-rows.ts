import type { BenchRow } from '@tb/testkit';
import { type Bench, detailOf } from './bench.ts';
import { EXCHANGE } from './made-store.ts';
import { compared, timed } from './reference.ts';
import { names, tickDays } from './sizes.ts';

/** A day of ticks out of many, and its trades joined with its quotes, beside the sorted file. */
export async function tickRows(bench: Bench): Promise<BenchRow[]> {
  return [...(await oneDay(bench)), await tradesOnQuotes(bench)];
}

/** Each round another day: the first pass attaches their files, the second finds them open. */
async function oneDay(bench: Bench): Promise<BenchRow[]> {
  const askOf = (round: number) => {
    const { open: from, close: to } = tickDays[(round * 7) % tickDays.length]!;
    return { from, to, at: round % names.length };
  };
  const pass = () =>
    compared(
      21,
      (round) => {
        const { from, to, at } = askOf(round);
        const ask = { exchange: EXCHANGE, symbol: names[at]!, from, to };
        return timed(async () => (await bench.query.ticks(ask)).columns());
      },
      (round) => {
        const { from, to, at } = askOf(round);
        const where = `sid = ${bench.firstSid + at} AND ${within(from, to)}`;
        return timed(() =>
          bench.raw.rows(
            `SELECT ts, seq, price, volume, bid, ask FROM ref.ticks WHERE ${where} ORDER BY ts, seq`,
          ),
        );
      },
    );
  const rowOf = (touch: string, { ratio, ours, theirs }: Awaited<ReturnType<typeof pass>>) => ({
    name: `a day of ticks of one symbol among ${tickDays.length} days, ${touch}`,
    ...{ value: ratio, unit: 'x', goal: '<= 2', detail: detailOf(ours, theirs) },
  });
  return [rowOf('first touch', await pass()), rowOf('warm', await pass())];
}

async function tradesOnQuotes(bench: Bench): Promise<BenchRow> {
  const { open: from, close: to } = tickDays[0]!; // no session before it: both sides read one day
  const sides = { left: 'trades', right: 'quotes' } as const;
  const ask = { exchange: EXCHANGE, symbols: names, from, to, ...sides };
  const day = `FROM ref.ticks WHERE ${within(from, to)}`;
  const quotes = `SELECT sid, ts, arg_max(struct_pack(price := price, bid := bid, ask := ask), seq) AS v ${day} AND bid IS NOT NULL AND ask IS NOT NULL GROUP BY sid, ts`;
  const sql = `SELECT epoch_ns(l.ts) AS t, l.sid, l.seq, l.price, l.volume, epoch_ns(q.ts) AS right_t, q.v.price AS p, q.v.bid AS bid, q.v.ask AS ask
FROM (SELECT * ${day} AND volume > 0) l ASOF LEFT JOIN (${quotes}) q ON l.sid = q.sid AND l.ts >= q.ts ORDER BY t, l.sid, l.seq`;
  const { ratio, ours, theirs } = await compared(
    5,
    () =>
      timed(async () => {
        for await (const _chunk of (await bench.query.asofJoin(ask)).chunks());
      }),
    () => timed(() => bench.raw.rows(sql)),
  );
  const name = 'as-of: a day of trades on quotes';
  return { name, value: ratio, unit: 'x', goal: '<= 1.2', detail: detailOf(ours, theirs) };
}

function within(from: bigint, to: bigint): string {
  return `ts >= make_timestamp_ns(${from}) AND ts < make_timestamp_ns(${to})`;
}
