import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { random, seedOf } from '@tb/testkit';
import { CandleBuilder, type ClosedCandle } from '../src/candle-builder.ts';
import { type DayWindow, DayWindows } from '../src/day-window.ts';
import type { BuiltCandle, SymbolState } from '../src/symbol-state.ts';

interface Trade {
  readonly sid: number;
  readonly ts: bigint;
  readonly seq: number;
  readonly price: number;
  readonly volume: number;
}

const keyOf = (sid: number, ts: bigint): string => `${sid} ${ts}`;
const textOf = (c: Pick<BuiltCandle, 'open' | 'high' | 'low' | 'close' | 'volume'>): string =>
  [c.open, c.high, c.low, c.close, c.volume].join(' ');

/** Candles by another road: group all trades by minute, look at each group. */
function rebuild(trades: readonly Trade[], exchange: string): Map<string, string> {
  const calendar = calendarOf(exchange);
  const groups = new Map<string, Trade[]>();
  for (const trade of trades) {
    const key = keyOf(trade.sid, calendar.candleStart(trade.ts, '1m'));
    groups.set(key, [...(groups.get(key) ?? []), trade]);
  }
  const candles = new Map<string, string>();
  for (const [key, group] of groups) {
    const arrived = [...group].sort((a, b) => a.seq - b.seq);
    const inTime = [...arrived].sort((a, b) =>
      a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.seq - b.seq,
    );
    const prices = group.map(({ price }) => price);
    let volume = 0;
    for (const trade of arrived) volume += trade.volume;
    candles.set(
      key,
      textOf({
        open: inTime[0]!.price,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: inTime.at(-1)!.price,
        volume,
      }),
    );
  }
  return candles;
}

/** The builder over a table of closed candles in memory, in place of live.db. */
class Bench {
  readonly windows: DayWindows;
  readonly stored = new Map<string, ClosedCandle>();
  readonly symbols = new Map<number, SymbolState>();
  readonly builder: CandleBuilder;

  constructor(exchange: string) {
    this.windows = new DayWindows(calendarOf(exchange));
    this.builder = new CandleBuilder((sid, day, start) => {
      const found = this.stored.get(keyOf(sid, day.tsOf(start)));
      return found && { ...found, candle: { ...found.candle } };
    });
  }

  symbol(sid: number): SymbolState {
    let state = this.symbols.get(sid);
    if (state === undefined) {
      state = { sid, symbol: `S${sid}`, forming: undefined, newest: undefined };
      this.symbols.set(sid, state);
    }
    return state;
  }

  add({ sid, ts, seq, price, volume }: Trade): void {
    const day = this.windows.holding(ts) as DayWindow;
    const nan = Number.NaN;
    this.builder.add(this.symbol(sid), day, day.offsetOfTs(ts), seq, price, volume, nan, nan);
  }

  commit(): void {
    for (const closed of this.builder.changes().closed) {
      const { sid, day, start } = closed.candle;
      this.stored.set(keyOf(sid, day.tsOf(start)), { ...closed, candle: { ...closed.candle } });
    }
    this.builder.accept();
  }

  candles(): Map<string, string> {
    const all = new Map([...this.stored].map(([key, { candle }]) => [key, textOf(candle)]));
    for (const { sid, forming } of this.symbols.values()) {
      if (forming === undefined) continue;
      const key = keyOf(sid, forming.day.tsOf(forming.start));
      if (all.has(key)) throw new Error(`The candle ${key} is both forming and closed`);
      all.set(key, textOf(forming));
    }
    return all;
  }
}

/** Trades of a few symbols around the edges of some sessions, delivered out of order, with equal times and repeats. */
function trades(exchange: string, dates: readonly string[], label: string): Trade[] {
  const rng = random(seedOf()).fork(label);
  const calendar = calendarOf(exchange);
  const rows: { arrival: bigint; trade: Omit<Trade, 'seq'> }[] = [];
  for (const date of dates) {
    const { windowFrom, windowTo, open, close } = calendar.sessionOf(date)!;
    for (let i = 0; i < 300; i++) {
      const edge = rng.pick([windowFrom, open, close, windowTo - 1n, open + 120_000_000_000n]);
      let ts = edge + BigInt(rng.between(-200, 200)) * 1_000_000_000n;
      if (ts < windowFrom) ts = windowFrom;
      if (ts >= windowTo) ts = windowTo - 1n;
      const lateBy = rng.chance(0.2) ? BigInt(rng.below(300)) * 1_000_000_000n : 0n;
      const price = rng.between(1, 40) / 4;
      const volume = rng.chance(0.1) ? 0 : rng.next() * 10;
      const trade = { sid: rng.between(1, 3), ts, price, volume };
      rows.push({ arrival: ts + lateBy, trade });
      if (rng.chance(0.1)) rows.push({ arrival: ts + lateBy, trade: { ...trade } });
    }
  }
  rows.sort((a, b) => (a.arrival < b.arrival ? -1 : a.arrival > b.arrival ? 1 : 0));
  return rows.map(({ trade }, seq) => ({ ...trade, seq: seq + 1 }));
}

describe('candles built tick by tick', () => {
  // 2024-03-08 and 11: New York moves its clock on the Sunday between. 2026-03-08 likewise; 2019-10-27: Muhurat.
  test.each([
    ['xnas', ['2024-03-08', '2024-03-11', '2024-11-01', '2024-11-04']],
    ['nse', ['2019-10-25', '2019-10-27', '2019-10-29']],
    ['mcx', ['2024-03-08', '2024-03-11']],
    ['binance', ['2024-02-29', '2024-03-01']],
  ])('equal a full rebuild at any time: %s', (exchange, dates) => {
    const rng = random(seedOf()).fork(`cuts ${exchange}`);
    const bench = new Bench(exchange);
    const seen: Trade[] = [];
    for (const trade of trades(exchange, dates, exchange)) {
      bench.add(trade);
      seen.push(trade);
      if (rng.chance(0.02)) bench.builder.close(bench.symbol(rng.between(1, 3)));
      if (rng.chance(0.1)) bench.commit();
      if (rng.chance(0.02)) {
        bench.commit();
        expect(bench.candles()).toEqual(rebuild(seen, exchange));
      }
    }
    bench.commit();
    expect(bench.candles()).toEqual(rebuild(seen, exchange));
    expect([...bench.stored.values()].some(({ state }) => state === 'revised')).toBe(true);
  });

  test('a transaction that is rolled back leaves nothing behind', () => {
    const rng = random(seedOf()).fork('rollback');
    const bench = new Bench('nse');
    const seen: Trade[] = [];
    let pending: Trade[] = [];
    for (const trade of trades('nse', ['2026-02-02', '2026-02-03'], 'rollback')) {
      bench.add(trade);
      pending.push(trade);
      if (!rng.chance(0.15)) continue;
      if (rng.chance(0.5)) {
        bench.builder.rollBack();
      } else {
        bench.commit();
        seen.push(...pending);
      }
      pending = [];
      if (rng.chance(0.1)) expect(bench.candles()).toEqual(rebuild(seen, 'nse'));
    }
    bench.builder.rollBack();
    expect(bench.candles()).toEqual(rebuild(seen, 'nse'));
  });

  test('remembers the newest tick of each symbol by time, then by arrival', () => {
    const bench = new Bench('nse');
    const all = trades('nse', ['2026-02-02', '2026-02-03'], 'newest');
    for (const trade of all) bench.add(trade);
    bench.commit();
    for (const { sid, newest } of bench.symbols.values()) {
      const expected = all
        .filter((trade) => trade.sid === sid)
        .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.seq - b.seq))
        .at(-1)!;
      expect(newest!.seq).toBe(expected.seq);
      expect(newest!.day.tsOf(newest!.offset)).toBe(expected.ts);
    }
  });

  test('a late tick of a minute without candle makes one that is revised', () => {
    const bench = new Bench('nse');
    const open = calendarOf('nse').sessionOf('2026-02-02')!.open;
    bench.add({ sid: 1, ts: open + 180_000_000_000n, seq: 1, price: 10, volume: 1 });
    bench.add({ sid: 1, ts: open, seq: 2, price: 9, volume: 1 });
    bench.commit();
    const [candle] = bench.stored.values();
    expect(candle).toMatchObject({ state: 'revised', revision: 1 });
  });
});
