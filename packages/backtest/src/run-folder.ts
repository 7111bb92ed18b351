import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Layout, syncFolder } from '@tb/schema';
import { BacktestError } from './errors.ts';
import { unlinkIfThere } from './unlink-if-there.ts';

/** Names in the folder of runs. @throws `RUN_FOLDER_FAILED` */
export async function listRunFolder(layout: Layout): Promise<readonly string[]> {
  return translated('list', layout.runsDir, () => readdir(layout.runsDir));
}

/**
 * Removes files of the folder of runs, durably.
 * @returns The names that were there.
 * @throws `RUN_FOLDER_FAILED`
 */
export async function removeRunFiles(
  layout: Layout,
  names: readonly string[],
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of names) {
    const path = join(layout.runsDir, name);
    if (await translated('remove', path, () => unlinkIfThere(path))) removed.push(name);
  }
  if (removed.length > 0)
    await translated('sync', layout.runsDir, () => syncFolder(layout.runsDir));
  return removed;
}

async function translated<T>(verb: string, path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BacktestError(
      'RUN_FOLDER_FAILED',
      `The system refused to ${verb} ${path}: ${code ?? message}`,
      {
        cause: error,
      },
    );
  }
}
