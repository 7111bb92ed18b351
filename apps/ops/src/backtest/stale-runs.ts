import { type RunIndex, type RunRecord, type StaleDay, staleDays } from '@tb/backtest';
import { Manifest, type ManifestSnapshot } from '@tb/history';
import { isStoredTimeframe, type Layout } from '@tb/schema';

export interface StaleRun {
  readonly run: RunRecord;
  readonly days: readonly StaleDay[];
}

/** The finished runs that would not read the same files again, because a day was corrected, added or removed since. */
export async function findStaleRuns(layout: Layout, index: RunIndex): Promise<readonly StaleRun[]> {
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const stale: StaleRun[] = [];
  for (const run of await index.list({ state: 'done' })) {
    const inputs = await index.inputsOf(run.runId);
    const days = [...timeframesOf(inputs.map((input) => input.path))].flatMap((timeframe) =>
      staleDays(
        inputs.filter(
          (input) =>
            input.path.includes(`/candles/${timeframe}/`) ||
            input.path.includes(`timeframe=${timeframe}/`),
        ),
        publishedOf(snapshot, run.exchange, timeframe),
      ),
    );
    if (days.length > 0) stale.push({ run, days });
  }
  return stale;
}

/** A run may have read days of its own timeframe and 1m days that it was derived from. */
function timeframesOf(paths: readonly string[]): ReadonlySet<string> {
  return new Set(
    paths.flatMap(
      (path) =>
        /\/candles\/([^/]+)\/|timeframe=([^/]+)\//.exec(path)?.slice(1).filter(Boolean) ?? [],
    ),
  );
}

function publishedOf(snapshot: ManifestSnapshot, exchange: string, timeframe: string) {
  if (!isStoredTimeframe(timeframe)) return [];
  return snapshot.find({ exchange, kind: 'candles', timeframe }).map((file) => ({
    path: file.path,
    sha256: file.sha256,
    tradingDate: file.tradingDate,
    revision: file.revision,
  }));
}
