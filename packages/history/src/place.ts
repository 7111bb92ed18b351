import { link, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFolder, type Layout, syncFolder } from '@tb/schema';
import type { BuiltFile } from './day-file.ts';
import { HistoryError } from './errors.ts';
import { findStats, identityOf, isSameFile } from './file-stats.ts';

/** What placing needs of a built file; `BuiltFile`, `BuiltMonth` and `BuiltArchive` fit. */
export type PlaceableFile = Pick<BuiltFile, 'tempPath' | 'path' | 'identity'>;

/** Named points of placing, in order; tests kill a process at each. */
export type PlaceStep = 'linked' | 'unlinked' | 'folders-synced';

/**
 * Gives built files their final names by `link()`, which refuses a name that exists, and makes the names durable. The
 * files stay invisible until they are published. Idempotent: a file that stands under its final name already is skipped.
 *
 * @throws `FILE_EXISTS` when another file has the name; `BUILT_FILE_LOST` when the temporary file is gone or was replaced;
 *   `BUILD_FAILED` when the file system refuses.
 */
export async function placeFiles(
  layout: Layout,
  files: readonly PlaceableFile[],
  onStep: (step: PlaceStep) => void = () => {},
): Promise<void> {
  try {
    for (const file of files) await linkFinal(layout, file);
    onStep('linked');
    for (const file of files) await unlinkIfThere(layout.absolute(file.tempPath));
    onStep('unlinked');
    const folders = new Set(files.flatMap((file) => foldersUp(layout, file.path)));
    await Promise.all([...folders].map((folder) => syncFolder(folder)));
    onStep('folders-synced');
  } catch (error) {
    if (error instanceof HistoryError) throw error;
    const first = files[0]?.path;
    throw new HistoryError('BUILD_FAILED', `${first} and others were not placed`, { cause: error });
  }
}

/** @internal Whether a file stands under its final name already. */
export async function isPlaced(layout: Layout, file: PlaceableFile): Promise<boolean> {
  const stats = await findStats(layout.absolute(file.path));
  return stats !== undefined && isSameFile(identityOf(stats), file.identity);
}

async function linkFinal(layout: Layout, file: PlaceableFile): Promise<void> {
  const [temporary, final] = [layout.absolute(file.tempPath), layout.absolute(file.path)];
  const placed = await findStats(final);
  if (placed) {
    if (isSameFile(identityOf(placed), file.identity)) return;
    throw taken(file);
  }
  const built = await findStats(temporary);
  if (!built || !isSameFile(identityOf(built), file.identity))
    throw new HistoryError(
      'BUILT_FILE_LOST',
      `${file.path}: ${file.tempPath} ${built ? 'was replaced' : 'is not there'}`,
    );
  await createFolder(dirname(final));
  try {
    await link(temporary, final);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(file, error);
    throw error;
  }
}

function taken(file: PlaceableFile, cause?: unknown): HistoryError {
  return new HistoryError('FILE_EXISTS', `${file.path} exists already`, { cause });
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The folder of a file and those above it up to market_data: each may be new. */
function foldersUp(layout: Layout, path: string): string[] {
  const folders: string[] = [];
  for (let at = dirname(layout.absolute(path)); ; at = dirname(at)) {
    folders.push(at);
    if (at === layout.marketData || at === layout.root) return folders;
  }
}

/** Removes the temporary files of builds that are not to be published. */
export async function discardFiles(layout: Layout, files: readonly PlaceableFile[]): Promise<void> {
  for (const file of files) await unlinkIfThere(layout.absolute(file.tempPath));
}
