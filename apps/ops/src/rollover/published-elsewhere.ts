import { type BuiltFile, discardFiles, type ManifestSnapshot } from '@tb/history';
import type { LiveBuffer } from '@tb/live';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { RolloverBuild } from './rollover-job.ts';

/**
 * What is published of the date from elsewhere stays: history wins for each kind and timeframe, and candles of a vendor are
 * no aggregate of our ticks. Nothing is lost by it, because candles can be derived from the published ticks again; where
 * that is not so, nothing is published.
 * @throws `DATE_CONFLICT`
 */
export async function splitPublished(
  built: RolloverBuild,
  tradingDate: string,
  live: LiveBuffer,
  layout: Layout,
  snapshot: ManifestSnapshot,
): Promise<{ readonly files: readonly BuiltFile[]; readonly kept: readonly BuiltFile[] }> {
  const published = snapshot.revisionsOf(live.exchange, tradingDate);
  const isPublished = (file: BuiltFile): boolean =>
    published.some((old) => old.kind === file.kind && old.timeframe === file.timeframe);
  const kept = built.files.filter(isPublished);
  if (kept.some((file) => file.kind === 'ticks') || (kept.length > 0 && built.hasSupplied)) {
    await discardFiles(layout, built.files);
    throw conflict(live, tradingDate);
  }
  await discardFiles(layout, kept);
  return { files: built.files.filter((file) => !isPublished(file)), kept };
}

export function conflict(live: LiveBuffer, tradingDate: string): OpsError {
  const day = live.days().find((each) => each.tradingDate === tradingDate);
  return new OpsError(
    'DATE_CONFLICT',
    `${live.exchange} ${tradingDate} is published from another source, and the live buffer holds ${day?.rows ?? 0} ticks and ${day?.candles ?? 0} candles of it`,
  );
}
