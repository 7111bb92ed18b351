import type { MarketDataQuery } from '@tb/queries';
import { candlesIn, EXCHANGE } from './made-store.ts';
import { timed } from './reference.ts';
import { names, year } from './sizes.ts';

export interface SmallReads {
  /** Queries that failed or gave another number of rows. */
  readonly errors: number;
  /** ms, of those that did not fail. */
  readonly latencies: number[];
}

/** `count` queries for a session of one symbol as 5m, each of another day and symbol. */
export async function smallReads(
  query: MarketDataQuery,
  count: number,
  how: 'at once' | 'one by one',
  onRead: () => void = () => {},
): Promise<SmallReads> {
  const latencies: number[] = [];
  let errors = 0;
  const read = async (i: number): Promise<void> => {
    const { open: from, close: to } = year[(i * 31 + process.pid) % year.length]!;
    const symbol = names[(i * 7) % names.length]!;
    const ask = { exchange: EXCHANGE, symbol, timeframe: '5m', from, to };
    try {
      let rows = 0;
      const spent = await timed(async () => {
        ({ rows } = await (await query.candles(ask)).columns());
      });
      latencies.push(spent);
      if (rows !== candlesIn({ open: from, close: to })) errors += 1;
    } catch (error) {
      errors += 1;
      console.error(error);
    }
    onRead();
  };
  const numbers = Array.from({ length: count }, (_, i) => i);
  if (how === 'at once') await Promise.all(numbers.map(read));
  else for (const i of numbers) await read(i);
  return { errors, latencies };
}

/** The value that the given share of the values does not pass. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}
