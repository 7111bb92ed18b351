import type { Kind } from '@tb/schema';
import { type DuckConnection, readRow } from './duck.ts';
import type { Profile } from './profile.ts';
import { SLICE_ROWS, sliceCondition, slicesOf } from './slices.ts';

/** Rows that are aggregated at once where volumes must be added in order: 1 M of them took more than 100 MB. */
const ORDERED_ROWS = 100_000;

/** How to derive candles from a stored table within bounded memory. */
export interface DerivePlan {
  readonly hasFractions: boolean;
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

/** Looks at the volumes once, and cuts the rows. */
export async function planDerivation(
  connection: DuckConnection,
  source: DeriveSource,
): Promise<DerivePlan> {
  const { kind, table, profile, originNs, sliceRows = SLICE_ROWS } = source;
  // Whole numbers below 2^53 add up exactly, in any order.
  const { exact } = await readRow(
    connection,
    `SELECT coalesce(bool_and(volume = trunc(volume)), true) AND coalesce(sum(abs(volume)), 0) < 9007199254740992 AS exact FROM ${table}`,
  );
  const hasFractions = exact !== true;
  const most = hasFractions ? Math.min(ORDERED_ROWS, sliceRows) : sliceRows;
  // Ticks are cut between minutes. A wider candle must not be cut at all: no symbol has more 1m candles a day than this.
  const maxRows = kind === 'ticks' ? most : Math.max(most, MINUTES_A_DAY);
  const slices = await slicesOf(connection, table, profile, originNs, maxRows);
  return { hasFractions, conditions: slices.map(sliceCondition) };
}

/** And one for a window that begins between two minutes. */
const MINUTES_A_DAY = 1441;
