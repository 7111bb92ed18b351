// What the writer child appends, as a function of seed and number: the parent knows it without being told.
import { calendarOf } from '@tb/calendar';

export const EXCHANGE = 'nse';
export const DATE = '2026-02-02';
export const NEXT = '2026-02-03';
export const calendar = calendarOf(EXCHANGE);
const SYMBOLS = ['ALPHA', 'BETA', 'GAMMA', 'DELTA', 'EPSILON'];

/** mulberry32: small, and equal in every process. */
function rng(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Batch number k of a date: 20 to 60 ticks, partly out of order, numbered by their source. */
export function batchAt(seed, k, date = DATE) {
  const next = rng(seed * 7919 + k * 104_729 + (date === DATE ? 0 : 13));
  const rows = 20 + Math.floor(next() * 40);
  const { open } = calendar.sessionOf(date);
  const symbol = [];
  const ts = new BigInt64Array(rows);
  const price = new Float64Array(rows);
  const volume = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    symbol.push(SYMBOLS[Math.floor(next() * SYMBOLS.length)]);
    ts[row] = open + BigInt(k) * 500_000_000n + BigInt(Math.floor(next() * 3e9));
    price[row] = 1 + Math.floor(next() * 1_000) / 20;
    volume[row] = Math.floor(next() * 50) / 10;
  }
  // Numbers leave room, so that batches of different sizes never overlap: the gaps are counted, no row is dropped.
  const sourceSeq = BigInt64Array.from({ length: rows }, (_, row) => BigInt(k * 100 + row + 1));
  return { symbol, ts, price, volume, source: `feed-${date}`, sourceSeq };
}

/** The registry that every writer of a test uses: fixed numbers. */
export const registry = {
  async sidsOf(_exchange, symbols) {
    return new Map(symbols.map((symbol) => [symbol, SYMBOLS.indexOf(symbol) + 1]));
  },
};
