const scratch = new DataView(new ArrayBuffer(8));

/** The 64 bits of a double as hexadecimal: tells -0 from 0; every NaN is the same, as absence is. */
export function bitsOf(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return 'nan';
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0).toString(16);
}

/** One tick as text, equal for two ticks only if each value is equal bit for bit. `bid` and `ask` may be absent. */
export function tickKey(
  symbol: string,
  ts: bigint,
  price: number,
  volume: number,
  bid?: number | null,
  ask?: number | null,
): string {
  return `${symbol}|${ts}|${bitsOf(price)}|${bitsOf(volume)}|${bitsOf(bid)}|${bitsOf(ask)}`;
}

/** Columns of ticks, as a feed hands them over or a reader gives them back. */
export interface TickKeyColumns {
  readonly symbol: string | readonly string[];
  readonly ts: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid?: Float64Array | undefined;
  readonly ask?: Float64Array | undefined;
}

/** `tickKey` of each row, in order. */
export function tickKeys(ticks: TickKeyColumns): string[] {
  return Array.from(ticks.ts, (ts, row) =>
    tickKey(
      typeof ticks.symbol === 'string' ? ticks.symbol : (ticks.symbol[row] ?? ''),
      ts,
      ticks.price[row] ?? Number.NaN,
      ticks.volume[row] ?? Number.NaN,
      ticks.bid?.[row],
      ticks.ask?.[row],
    ),
  );
}
