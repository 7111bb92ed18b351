import type { Session } from '@tb/calendar';
import { type GeneratedBatch, generateTicks } from '@tb/simulator';
import { Multiset } from '@tb/testkit';

/** One tick that was sent, in the order in which it must be numbered. */
export interface SentTick {
  readonly symbol: string;
  readonly ts: bigint;
  readonly price: number;
  readonly volume: number;
}

/** A candle by the rule of the design, made here and nowhere else. */
export interface LedgerCandle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** What must be there of one trading date of one exchange. */
export class DayLedger {
  readonly session: Session;
  readonly ticks: SentTick[] = [];

  constructor(session: Session) {
    this.session = session;
  }

  add(batch: GeneratedBatch): void {
    batch.symbol.forEach((symbol, row) => {
      this.ticks.push({
        symbol,
        ts: batch.ts[row] ?? 0n,
        price: batch.price[row] ?? 0,
        volume: batch.volume[row] ?? 0,
      });
    });
  }

  /** Replaces the ticks of one symbol, as a correction does. */
  replace(symbol: string, ticks: readonly SentTick[]): void {
    const others = this.ticks.filter((tick) => tick.symbol !== symbol);
    this.ticks.splice(0, this.ticks.length, ...others, ...ticks);
  }

  bag(): string {
    return Multiset.of(this.ticks.map(tickKey)).digest();
  }

  /** Candles of one width by symbol and START, counted from the session open; the whole date is one of `undefined`. */
  candles(widthNs: bigint | undefined): Map<string, LedgerCandle> {
    const { open } = this.session;
    const candles = new Map<string, LedgerCandle>();
    const byTime = [...this.ticks].sort((a, b) => (a.ts === b.ts ? 0 : a.ts < b.ts ? -1 : 1));
    for (const { symbol, ts, price, volume } of byTime) {
      const start = widthNs === undefined ? open : ts - ((ts - open) % widthNs);
      const key = `${symbol} ${start}`;
      const candle = candles.get(key);
      candles.set(
        key,
        candle === undefined
          ? { open: price, high: price, low: price, close: price, volume }
          : {
              open: candle.open,
              high: Math.max(candle.high, price),
              low: Math.min(candle.low, price),
              close: price,
              volume: candle.volume + volume,
            },
      );
    }
    return candles;
  }
}

/** Rows of a batch. */
export const BATCH_ROWS = 100;

export const tickKey = ({ symbol, ts, price, volume }: SentTick): string =>
  `${symbol} ${ts} ${price} ${volume}`;

/** Batches of one session as a feed sends them: out of order, with stamps that many ticks share. */
export function batchesOf(session: Session, seed: string, rows: number): readonly GeneratedBatch[] {
  const { exchange, tradingDate, open, close } = session;
  const names = ['ONE', 'TWO', 'SIX'].map((name) => (exchange === 'nse' ? `NSE_EQ|${name}` : name));
  return [
    ...generateTicks({
      seed: `${seed} ${exchange} ${tradingDate}`,
      symbols: names,
      openNs: open,
      closeNs: close,
      rows,
      batchRows: BATCH_ROWS,
      lateShare: 0.05,
      lateNs: 90_000_000_000n,
      source: `feed-${tradingDate}`,
    }),
  ];
}
