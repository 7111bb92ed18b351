import { statSync } from 'node:fs';
import type { Layout, StoredTimeframe } from '@tb/schema';
import type { MonthEntry } from './day-file.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import { monthOf, WITH_WHOLE, wholeUntil } from './period.ts';

/** Whose derived files are looked at. */
export interface MonthsOf {
  readonly layout: Layout;
  readonly snapshot: ManifestSnapshot;
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
}

/** Months with two or more published days that have no fresh file, or whose file is gone, ascending. */
export function staleMonths(of: MonthsOf): readonly string[] {
  const { snapshot, exchange, timeframe } = of;
  const counts = new Map<string, number>();
  for (const date of snapshot.tradingDates(exchange, 'candles', timeframe)) {
    const month = monthOf(date);
    counts.set(month, (counts.get(month) ?? 0) + 1);
  }
  const entries = new Map(snapshot.months(exchange, timeframe).map((one) => [one.month, one]));
  return [...counts.keys()].filter(
    (month) => (counts.get(month) ?? 0) > 1 && !isUsable(of, entries.get(month)),
  );
}

/**
 * The whole file that is to be built, `..YYYY-MM`, up to the month before the newest, which still grows; undefined when it
 * stands, when the timeframe has none, or when there are fewer than two months before the newest. Build months first.
 */
export function staleWhole(of: MonthsOf): string | undefined {
  const { snapshot, exchange, timeframe } = of;
  if (!WITH_WHOLE.has(timeframe)) return undefined;
  const months = new Set(snapshot.tradingDates(exchange, 'candles', timeframe).map(monthOf));
  const last = [...months].at(-2);
  if (last === undefined || months.size < 3) return undefined;
  const whole = wholeUntil(last);
  const entry = snapshot.months(exchange, timeframe).find((one) => one.month === whole);
  return isUsable(of, entry) ? undefined : whole;
}

function isUsable({ layout, snapshot }: MonthsOf, entry: MonthEntry | undefined): boolean {
  if (!entry || !snapshot.isFresh(entry)) return false;
  return statSync(layout.absolute(entry.path), { throwIfNoEntry: false })?.size === entry.sizeBytes;
}
