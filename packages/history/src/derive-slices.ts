import type { Kind } from '@tb/schema';
import { SEQ_SPAN } from './derive.ts';
import { type DuckConnection, readRow } from './duck.ts';
import type { Profile } from './profile.ts';
import { SLICE_ROWS, sliceCondition, slicesOf } from './slices.ts';

/** Rows that are aggregated at once where volumes must be added in order: 1 M of them took more than 100 MB. */
const ORDERED_ROWS = 100_000;

/** No symbol has more 1m candles a day, with one for a window that begins between two minutes. */
const MINUTES_A_DAY = 1441;

/** How to derive candles from a stored table within bounded memory. */
export interface DerivePlan {
  readonly hasFractions: boolean;
  /** As in `DeriveRequest`. */
  readonly firstSeq: bigint | undefined;
  /** WHERE conditions that part the rows and cut no candle, in stored order. */
  readonly conditions: readonly string[];
}

/** What to derive from: a stored table, all rows of one trading date. */
export interface DeriveSource {
  readonly kind: Kind;
  /** `data` of a built file. */
  readonly table: string;
  /** Of that table. */
  readonly profile: Profile;
  /** Session open, ns UTC. */
  readonly originNs: bigint;
  readonly sliceRows?: number | undefined;
}

/** Looks at the volumes and seqs once, and cuts the rows. */
export async function planDerivation(
  connection: DuckConnection,
  source: DeriveSource,
): Promise<DerivePlan> {
  const { kind, table, profile, originNs, sliceRows = SLICE_ROWS } = source;
  const seqs = kind === 'ticks' ? 'min(seq) AS first, max(seq) AS last' : 'NULL AS first';
  // Whole numbers below 2^53 add up exactly, in any order.
  const { exact, first, last } = await readRow(
    connection,
    `SELECT coalesce(bool_and(volume = trunc(volume)), true) AND coalesce(sum(abs(volume)), 0) < 9007199254740992 AS exact, ${seqs} FROM ${table}`,
  );
  const hasFractions = exact !== true;
  const fits = typeof first === 'bigint' && (last as bigint) - first < SEQ_SPAN;
  // Ticks are cut between minutes. A wider candle must not be cut at all.
  const most = hasFractions ? Math.min(ORDERED_ROWS, sliceRows) : sliceRows;
  const maxRows = kind === 'ticks' ? most : Math.max(most, MINUTES_A_DAY);
  const weighed = hasFractions ? profile : weighByCandles(profile);
  const slices = await slicesOf(connection, table, weighed, originNs, maxRows);
  return {
    hasFractions,
    firstSeq: fits ? first : undefined,
    conditions: slices.map(sliceCondition),
  };
}

/** Without an order an aggregate holds its candles and no rows: those are what a slice is to bound. */
function weighByCandles(profile: Profile): Profile {
  const symbols = profile.symbols.map((one) => ({
    ...one,
    rows: Math.min(one.rows, MINUTES_A_DAY),
  }));
  return { ...profile, symbols };
}
