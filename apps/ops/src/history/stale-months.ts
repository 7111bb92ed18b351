import { Manifest } from '@tb/history';
import { type Layout, STORED_TIMEFRAMES } from '@tb/schema';

/**
 * Month files of an exchange whose days changed since they were built, as `1m 2026-01`: reads use the days in their place
 * until `tb months` builds them again. Looks at the manifest alone.
 */
export function listStaleMonths(layout: Layout, exchange: string): readonly string[] {
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  return STORED_TIMEFRAMES.flatMap((timeframe) =>
    snapshot
      .months(exchange, timeframe)
      .filter((month) => !snapshot.isFresh(month))
      .map(({ month }) => `${timeframe} ${month}`),
  );
}

/** For people; nothing when there are none. */
export function staleMonthLines(months: readonly string[]): string[] {
  if (months.length === 0) return [];
  return [`  ${months.length} month files are stale (${months.join(', ')}): run \`tb months\``];
}
