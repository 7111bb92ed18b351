import { Manifest, staleMonths, staleWhole } from '@tb/history';
import { STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';
import { buildAndPublish, type HistoryTools } from './publish-events.ts';

/**
 * Builds every month of an exchange whose days changed since it was built, then the files of all closed months, which are
 * made from months. All of them are derived: deleting them loses nothing, and a stale one is never read.
 * @returns How many were built.
 */
export async function refreshMonths(exchange: string, tools: HistoryTools): Promise<number> {
  const { layout } = tools;
  using manifest = Manifest.openReader(layout);
  const build = async (
    stale: (timeframe: StoredTimeframe) => readonly string[],
  ): Promise<number> => {
    const months = STORED_TIMEFRAMES.flatMap((timeframe) =>
      stale(timeframe).map((month) => ({ timeframe, month })),
    );
    if (months.length === 0) return 0;
    return await buildAndPublish({ task: 'months', root: layout.root, exchange, months }, tools);
  };
  const months = await build((timeframe) =>
    staleMonths({ layout, snapshot: manifest.snapshot(), exchange, timeframe }),
  );
  const whole = await build((timeframe) => {
    const stale = staleWhole({ layout, snapshot: manifest.snapshot(), exchange, timeframe });
    return stale === undefined ? [] : [stale];
  });
  return months + whole;
}
