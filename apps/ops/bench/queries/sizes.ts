import { calendar, symbolNames } from './made-store.ts';

/** The sizes that the figures are told for; TB_BENCH_SYMBOLS makes a smaller store for a quick look. */
export const SYMBOLS: number = Number(process.env['TB_BENCH_SYMBOLS'] ?? 200);
export const TICKS_A_SESSION = 1_000;
export const names: readonly string[] = symbolNames(SYMBOLS);
/** Sessions with 1m candles, with 1d candles, with ticks. */
export const year = calendar.sessionsBetween('2024-01-01', '2025-01-01');
export const decade = calendar.sessionsBetween('2015-01-01', '2025-01-01');
export const tickDays = year.slice(0, 90);

/** The row times of a range of sessions. */
export function rangeOf(sessions: typeof year): { readonly from: bigint; readonly to: bigint } {
  return { from: sessions[0]!.open, to: sessions.at(-1)!.close };
}
