import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Layout } from '@tb/schema';

/** A name that a build, an import or a restore gives to what is not finished. */
const UNFINISHED = /^\.(tmp-|import-|restore-)/;

/**
 * Unfinished files of market_data and calendars that nobody has written to for a while: a process that was killed left them.
 * @param before ms since 1970: what was written later may be at work.
 * @returns Paths relative to the root, with `/`, sorted.
 */
export async function findLeftovers(layout: Layout, before: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of [layout.marketData, layout.calendars])
    for (const entry of await entriesOf(folder)) {
      const path = join(entry.parentPath, entry.name);
      const parts = relative(layout.root, path).split(sep);
      if (entry.isDirectory() || !parts.some((part) => UNFINISHED.test(part))) continue;
      const writtenMs = await modifiedMs(path);
      if (writtenMs !== undefined && writtenMs < before) found.push(parts.join('/'));
    }
  return found.sort();
}

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { recursive: true, withFileTypes: true }).catch(none([]));
}

/** undefined: it went meanwhile. */
function modifiedMs(path: string): Promise<number | undefined> {
  return stat(path).then(({ mtimeMs }) => mtimeMs, none(undefined));
}

function none<T>(instead: T): (error: NodeJS.ErrnoException) => T | Promise<never> {
  return (error) => (error.code === 'ENOENT' ? instead : Promise.reject(error));
}
