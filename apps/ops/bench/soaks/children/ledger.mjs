// The ledger of the rollover soak: what tick the writer gives which seq. Every process makes it again from the seed, so a
// reader needs nobody to tell it what is right.

/** Rows of each trading date. */
export const ROWS_A_DATE = 2000;
export const SYMBOLS = 5;
const MINUTE_NS = 60_000_000_000n;

/** 32 well-mixed bits of two numbers. */
function mix(seed, n) {
  let h = (seed ^ Math.imul(n, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Which of the dates holds a seq. */
export function dateIndexOf(seq) {
  return Math.floor((seq - 1) / ROWS_A_DATE);
}

/** Times do not rise with seq: ticks of neighbouring seqs are out of order. */
export function tickAt({ seed, dates }, seq) {
  const date = dates[dateIndexOf(seq)];
  const h = mix(seed, seq);
  const at = ((seq - 1) % ROWS_A_DATE) + (h % 9);
  const spanNs = date.close - date.open;
  return {
    seq,
    symbol: `NSE_EQ|SOAK${(h >>> 4) % SYMBOLS}`,
    ts: date.open + (spanNs * BigInt(at)) / BigInt(ROWS_A_DATE + 9),
    price: 100 + ((h >>> 8) % 2000) / 20,
    volume: 1 + ((h >>> 12) % 50),
  };
}

/** Every tick of the dates `from` to `to` (indices, inclusive) with a seq up to `seq`, by seq. */
export function ticksUpTo(ledger, from, to, seq) {
  const ticks = [];
  const last = Math.min(seq, (to + 1) * ROWS_A_DATE);
  for (let n = from * ROWS_A_DATE + 1; n <= last; n += 1) ticks.push(tickAt(ledger, n));
  return ticks;
}

/** Their 1m candles by symbol and START, counted from the session open: the rule of the design, written a second time. */
export function candlesOf(ledger, ticks) {
  const candles = new Map();
  const byTime = [...ticks].sort((a, b) => (a.ts === b.ts ? a.seq - b.seq : a.ts < b.ts ? -1 : 1));
  for (const { seq, symbol, ts, price, volume } of byTime) {
    const { open } = ledger.dates[dateIndexOf(seq)];
    const key = `${symbol} ${ts - ((ts - open) % MINUTE_NS)}`;
    const candle = candles.get(key);
    if (candle === undefined)
      candles.set(key, { open: price, high: price, low: price, close: price, volume });
    else {
      candle.high = Math.max(candle.high, price);
      candle.low = Math.min(candle.low, price);
      candle.close = price;
      candle.volume += volume;
    }
  }
  return candles;
}
