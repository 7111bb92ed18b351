/**
 * The clock of naive times, from the values: a market is open at known hours, so a block of rows that fits these hours
 * under one clock and not under the other tells its clock. Nothing is guessed: a block that fits both stays open until
 * the user states its clock.
 */

/** `ist` is India, UTC+05:30 all year. */
export type Clock = 'utc' | 'ist';

/** India is this far ahead of UTC. */
export const IST_OFFSET_NS: bigint = 19_800_000_000_000n;

/** What to subtract from a naive time, counted as UTC, to have UTC. */
export function offsetNsOf(clock: Clock): bigint {
  return clock === 'ist' ? IST_OFFSET_NS : 0n;
}

/** Rows of one symbol on one day of the naive clock, and how many of them lie in market hours under either clock. */
export interface ClockBlock {
  /** What the decision is stored under: symbol, and what else separates rows (timeframe, copy). */
  readonly group: string;
  readonly symbol: string;
  /** `YYYY-MM-DD` of the naive time. */
  readonly day: string;
  readonly rows: number;
  readonly insideUtc: number;
  readonly insideIst: number;
  /** The market is open most of the day (MCX): only a block that lies wholly inside says anything. */
  readonly isLong: boolean;
  /** Candles of whole days: their stamp says nothing about hours. */
  readonly isDaily: boolean;
}

/** How a clock was found. `assumed`: nothing told it, and nothing hangs on it. */
export type ClockBasis = 'values' | 'stated' | 'assumed';

/** Clocks of one time column. */
export interface ColumnClocks {
  /** The clock that all telling blocks agree on; undefined when none tells, or they disagree. */
  readonly consensus: Clock | undefined;
  /** Blocks that tell their clock by their own values. */
  readonly telling: Readonly<Record<Clock, number>>;
  /** Clock of a block, by `blockKey`; a block that is not listed has none. */
  readonly blocks: ReadonlyMap<string, Clock>;
  /** Blocks without a clock. */
  readonly unclear: readonly ClockBlock[];
}

/** Late prints and corrections: this share of a block may lie outside a short session. */
const OUTLIERS = 0.01;
/** A block of which nearly all rows fit one or the other clock, and neither alone, mixes clocks. */
const MIXED = 0.8;

/** Under which name a block's decision is kept. */
export function blockKey(block: Pick<ClockBlock, 'group' | 'day'>): string {
  return `${block.day} ${block.group}`;
}

/**
 * Decides each block of a column.
 *
 * - fits one clock alone: that one. The values outweigh what is stated.
 * - fits both: what is stated, else unclear.
 * - fits neither (a weekend, an instrument that trades round the clock): the clock of its symbol's telling blocks, else
 *   that of the column, where these agree; else what is stated, else unclear.
 */
export function decideClocks(blocks: readonly ClockBlock[], stated?: Clock): ColumnClocks {
  const verdicts = blocks.map((block) => ({ block, verdict: verdictOf(block) }));
  const told = verdicts.filter(({ verdict }) => verdict === 'utc' || verdict === 'ist');
  const bySymbol = new Map<string, Set<Clock>>();
  const telling = { utc: 0, ist: 0 };
  for (const { block, verdict } of told) {
    telling[verdict as Clock] += 1;
    const clocks = bySymbol.get(block.symbol) ?? new Set<Clock>();
    bySymbol.set(block.symbol, clocks.add(verdict as Clock));
  }
  const consensus =
    telling.utc > 0 ? (telling.ist > 0 ? undefined : 'utc') : telling.ist > 0 ? 'ist' : undefined;
  const decided = new Map<string, Clock>();
  const unclear: ClockBlock[] = [];
  for (const { block, verdict } of verdicts) {
    const clock = clockOf(verdict, only(bySymbol.get(block.symbol)) ?? consensus, stated);
    if (clock === undefined) unclear.push(block);
    else decided.set(blockKey(block), clock);
  }
  return { consensus, telling, blocks: decided, unclear };
}

function clockOf(
  verdict: Verdict,
  inherited: Clock | undefined,
  stated: Clock | undefined,
): Clock | undefined {
  if (verdict === 'utc' || verdict === 'ist') return verdict;
  return verdict === 'neither' ? (inherited ?? stated) : stated;
}

type Verdict = Clock | 'both' | 'neither' | 'mixed';

function verdictOf(block: ClockBlock): Verdict {
  const { rows, insideUtc, insideIst, isLong, isDaily } = block;
  if (isDaily) return 'neither';
  const needed = isLong ? rows : rows - Math.floor(rows * OUTLIERS);
  const [utc, ist] = [insideUtc >= needed, insideIst >= needed];
  if (utc !== ist) return utc ? 'utc' : 'ist';
  if (utc) return 'both';
  return !isLong && insideUtc > 0 && insideIst > 0 && insideUtc + insideIst >= MIXED * rows
    ? 'mixed'
    : 'neither';
}

function only(clocks: ReadonlySet<Clock> | undefined): Clock | undefined {
  return clocks?.size === 1 ? [...clocks][0] : undefined;
}
