import type { BuiltFile } from './day-file.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import { isPlaced, type PlaceStep, placeFiles } from './place.ts';
import type { Published, PublishOptions } from './publish.ts';

/** How to place and publish. */
export interface PublishFilesOptions extends PublishOptions {
  /** Called after each step, for tests that kill the process. */
  readonly onStep?: ((step: PlaceStep | 'published') => void) | undefined;
  /** Called when the files are in place, just before the commit point. What it throws keeps them from being published. */
  readonly assertCurrent?: (() => void) | undefined;
}

/**
 * What a parent does with the files that a child built: removes what a crash left of their trading dates, places them
 * under their final names, and publishes all of them in one fenced transaction, the commit point.
 *
 * @throws as `placeFiles`, `assertCurrent` and `ManifestWriter.publish`; then nothing is visible, and the same call may be
 *   made again.
 */
export async function publishFiles(
  writer: ManifestWriter,
  files: readonly BuiltFile[],
  options: PublishFilesOptions = {},
): Promise<Published> {
  const { layout } = writer;
  const { onStep = () => {}, assertCurrent = () => {}, ...how } = options;
  const keep: string[] = [];
  for (const file of files) keep.push((await isPlaced(layout, file)) ? file.path : file.tempPath);
  const dates = new Map(files.map((one) => [`${one.exchange} ${one.tradingDate}`, one]));
  for (const { exchange, tradingDate } of dates.values())
    writer.removeUnlisted(exchange, tradingDate, keep);
  await placeFiles(layout, files, onStep);
  assertCurrent();
  const published = writer.publish(files, how);
  onStep('published');
  return published;
}
