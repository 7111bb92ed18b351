import { Manifest, staleMonths } from '@tb/history';
import type { StoredTimeframe } from '@tb/schema';
import { buildAndPublish, type HistoryTools } from './publish-events.ts';

/** Timeframes that have months: a year of 1m is the common long read, and 20 years of 1d are 5,000 files without them. */
const WITH_MONTHS: readonly StoredTimeframe[] = ['1m', '1d'];

/**
 * Builds every month of an exchange whose days changed since it was built. Months are derived: deleting them loses nothing,
 * and a stale one is never read.
 * @returns How many were built.
 */
export async function refreshMonths(exchange: string, tools: HistoryTools): Promise<number> {
  using manifest = Manifest.openReader(tools.layout);
  const snapshot = manifest.snapshot();
  const months = WITH_MONTHS.flatMap((timeframe) =>
    staleMonths(snapshot, exchange, timeframe).map((month) => ({ timeframe, month })),
  );
  if (months.length === 0) return 0;
  return await buildAndPublish(
    { task: 'months', root: tools.layout.root, exchange, months },
    tools,
  );
}
