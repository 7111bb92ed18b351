import type { Session, SessionCalendar } from '@tb/calendar';
import type { DayFileKey } from '@tb/schema';
import type { DerivePlan } from '../derive-slices.ts';
import type { DuckConnection } from '../duck.ts';
import type { Profile } from '../profile.ts';
import type { CoverageRange } from '../write-file.ts';

/**
 * `refuse`: nothing is published. `flag`: published, and told. `expect`: what the calendar and the instrument list lead
 * one to expect; it refuses at a rollover, and is told at an import, since vendor data have holes.
 */
export type Severity = 'refuse' | 'expect' | 'flag';

/** One built file and what it was made from. */
export interface GateSubject {
  readonly key: DayFileKey;
  /** A relation with the `sid` of every symbol whose candles were supplied, not derived; undefined when none was. */
  readonly supplied?: string | undefined;
  readonly sourceProfile: Profile;
  /** `data` of the built file, attached. */
  readonly target: string;
  readonly targetProfile: Profile;
  /** Catalog name of the built file, attached. */
  readonly catalog: string;
  /** How to derive candles from `target`, for who has it already. */
  readonly plan?: (() => Promise<DerivePlan>) | undefined;
}

/** A finding that somebody looked at and accepts. */
export interface Explanation {
  readonly gate: string;
  /** Any symbol when absent. */
  readonly symbol?: string | undefined;
  readonly reason: string;
}

/** What gates look at: all files of one trading date of one exchange. */
export interface GateContext {
  readonly connection: DuckConnection;
  readonly session: Session;
  readonly calendar: Pick<SessionCalendar, 'expectedCandles'>;
  /** Ticks first, then candles by ascending timeframe. */
  readonly subjects: readonly GateSubject[];
  readonly symbolOf: (sid: number) => string;
  /** When feeds were connected; undefined when nobody recorded it (imports). */
  readonly coverage?: readonly CoverageRange[] | undefined;
  /** From the instrument list or the previous session; undefined when there is neither. */
  readonly expectedSymbols?: readonly string[] | undefined;
  readonly allowEmpty?: boolean | undefined;
  /** Accept prices at or below zero (crude oil, 2020-04-20). Default false. */
  readonly allowNonPositivePrices?: boolean | undefined;
}

/** Something wrong, where, and by how much. */
export interface Finding {
  readonly subject: string;
  readonly observed: string;
  readonly expected: string;
  readonly symbol?: string | undefined;
  /** ISO 8601, UTC. */
  readonly minute?: string | undefined;
}

/** One rule over contents. Pure: reads relations, changes nothing. */
export interface Gate {
  readonly name: string;
  readonly severity: Severity;
  /** What it holds, in one sentence. */
  readonly rule: string;
  /** Whether somebody may accept a finding of one symbol. Never where a finding means that our own code is wrong. */
  readonly isExplainable?: boolean | undefined;
  /** Every finding, where it is explainable one for each symbol; none when the rule holds. */
  check(context: GateContext): Promise<readonly Finding[]>;
}

/** `nse candles 1m 2026-02-02`: how findings name a file. */
export function subjectOf(key: DayFileKey): string {
  return [key.exchange, key.kind, key.timeframe, key.tradingDate]
    .filter((part) => part !== '')
    .join(' ');
}

/** ns UTC as ISO text, to the second where it is whole. */
export function isoOf(ns: bigint): string {
  const ms = ns >= 0n ? ns / 1_000_000n : -((-ns + 999_999n) / 1_000_000n);
  const text = new Date(Number(ms)).toISOString();
  const rest = ns - ms * 1_000_000n;
  return rest === 0n
    ? text.replace('.000Z', 'Z')
    : text.replace('Z', `${String(rest).padStart(6, '0')}Z`);
}
