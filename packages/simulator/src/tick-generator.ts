import { type Random, random } from './random.ts';

/** What to generate. Equal options give equal ticks, bit for bit. */
export interface TickOptions {
  readonly seed: number | string;
  /** Names, or how many: then `NSE_EQ|TEST0001` and so on. */
  readonly symbols: number | readonly string[];
  /** First possible timestamp, ns since 1970 UTC. */
  readonly openNs: bigint;
  /** End of the session, not included. */
  readonly closeNs: bigint;
  /** Ticks in all. */
  readonly rows: number;
  /** Rows a batch, default 1000. */
  readonly batchRows?: number;
  /** Prices are whole multiples of it, default 0.05 (NSE). */
  readonly tickSize?: number;
  /** Share of ticks that are delivered late, default 0.01. Their `ts` is that of the trade, not of the arrival. */
  readonly lateShare?: number;
  /** How far behind a late tick may be, default 2 s. */
  readonly lateNs?: bigint;
  /** Name of the feed, default `generator`. */
  readonly source?: string;
}

/** A batch in the shape of `TickBatch` of `@tb/schema`, with all columns present. */
export interface GeneratedBatch {
  readonly symbol: readonly string[];
  readonly ts: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  /** NaN where the quote is absent (about 2 %). */
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly source: string;
  /** 1, 2, 3, ... over all batches. */
  readonly sourceSeq: BigInt64Array;
}

interface Arrival {
  readonly symbol: number;
  readonly ts: bigint;
}

interface Instrument {
  readonly name: string;
  readonly weight: number;
  /** Price in tick sizes: a walk on whole numbers leaves no rounding behind. */
  steps: number;
}

function instrumentsOf(options: TickOptions, rng: Random): Instrument[] {
  const names =
    typeof options.symbols === 'number'
      ? Array.from(
          { length: options.symbols },
          (_, i) => `NSE_EQ|TEST${String(i + 1).padStart(4, '0')}`,
        )
      : options.symbols;
  if (names.length === 0) throw new RangeError('Ticks want at least one symbol');
  // Zipf: a few symbols make most of the trades, as on every exchange.
  return names.map((name, i) => ({ name, weight: 1 / (i + 1), steps: rng.between(400, 60_000) }));
}

/**
 * When and in which symbol each trade happens, in order of time. Trades come in bursts that share a timestamp (54 % of
 * real SPY ticks do); the last symbol goes quiet after the first third of the session.
 */
function arrivalsOf(
  options: TickOptions,
  instruments: readonly Instrument[],
  rng: Random,
): Arrival[] {
  const span = Number(options.closeNs - options.openNs);
  const quietFrom = options.openNs + (options.closeNs - options.openNs) / 3n;
  const cumulated: number[] = [];
  let total = 0;
  for (const instrument of instruments) {
    total += instrument.weight;
    cumulated.push(total);
  }
  const out: Arrival[] = [];
  while (out.length < options.rows) {
    const ts = options.openNs + BigInt(Math.floor(rng.next() * (span / 1e6))) * 1_000_000n;
    const burst = rng.chance(0.3) ? rng.between(2, 12) : 1;
    const at = rng.next() * total;
    let symbol = cumulated.findIndex((limit) => at < limit);
    if (symbol === instruments.length - 1 && symbol > 0 && ts >= quietFrom) symbol = 0;
    for (let i = 0; i < burst && out.length < options.rows; i += 1) out.push({ symbol, ts });
  }
  return out.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.symbol - b.symbol));
}

/** The order of delivery: by time, except that a share of the ticks comes late. */
function deliveryOf(arrivals: readonly Arrival[], options: TickOptions, rng: Random): Arrival[] {
  const lateNs = Number(options.lateNs ?? 2_000_000_000n);
  const keyed = arrivals.map((arrival, i) => {
    const late = rng.chance(options.lateShare ?? 0.01);
    return { arrival, i, at: arrival.ts + (late ? BigInt(Math.floor(rng.next() * lateNs)) : 0n) };
  });
  keyed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.i - b.i));
  return keyed.map((entry) => entry.arrival);
}

/**
 * Ticks of one session that look like a feed: many symbols of unequal activity, bursts with equal timestamps, late
 * arrivals, a symbol that goes quiet, absent quotes, prices on a grid. Yields batches in order of arrival.
 *
 * @throws RangeError when the session is empty, or no symbol is given.
 */
export function* generateTicks(options: TickOptions): Generator<GeneratedBatch, void, undefined> {
  if (options.closeNs <= options.openNs) throw new RangeError('closeNs must lie after openNs');
  const rng = random(options.seed);
  const instruments = instrumentsOf(options, rng.fork('instruments'));
  const arrivals = deliveryOf(
    arrivalsOf(options, instruments, rng.fork('arrivals')),
    options,
    rng.fork('delivery'),
  );
  const walk = rng.fork('prices');
  const batchRows = options.batchRows ?? 1000;
  for (let first = 0; first < arrivals.length; first += batchRows)
    yield batchOf(arrivals.slice(first, first + batchRows), first, options, instruments, walk);
}

function batchOf(
  arrivals: readonly Arrival[],
  first: number,
  options: TickOptions,
  instruments: readonly Instrument[],
  walk: Random,
): GeneratedBatch {
  const rows = arrivals.length;
  // 0.05 as 1 / 20: dividing keeps 20.05 the double that reading "20.05" gives.
  const perUnit = Math.round(1 / (options.tickSize ?? 0.05));
  const price = new Float64Array(rows);
  const volume = new Float64Array(rows);
  const bid = new Float64Array(rows);
  const ask = new Float64Array(rows);
  arrivals.forEach(({ symbol }, row) => {
    const instrument = instruments[symbol] as Instrument;
    const move = Math.round(walk.normal() * 1.2);
    instrument.steps = Math.max(4, instrument.steps + move);
    price[row] = instrument.steps / perUnit;
    volume[row] = Math.max(1, Math.round(walk.exponential(80)));
    const spread = walk.between(1, 2);
    const quoted = !walk.chance(0.02);
    bid[row] = quoted ? (instrument.steps - spread) / perUnit : Number.NaN;
    ask[row] = quoted ? (instrument.steps + spread) / perUnit : Number.NaN;
  });
  return {
    symbol: arrivals.map(({ symbol }) => (instruments[symbol] as Instrument).name),
    ts: BigInt64Array.from(arrivals, ({ ts }) => ts),
    price,
    volume,
    bid,
    ask,
    source: options.source ?? 'generator',
    sourceSeq: BigInt64Array.from(arrivals, (_, row) => BigInt(first + row + 1)),
  };
}
