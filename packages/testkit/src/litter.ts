import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files below a folder, relative to it, sorted. */
export function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Temporary files of any kind. */
export const LITTER: RegExp = /(^|\/)\.tmp|\.tmp$/;

/**
 * The same, but for the temporary file of a lock record: a rerun that finds nothing to do takes no lock, and the file of
 * a killed one stays until somebody takes it.
 */
export const IDLE_LITTER: RegExp = /^(?!.*\.writer\.lock\.[^/]*\.tmp$).*((^|\/)\.tmp|\.tmp$)/;

/** Files that a completed command must not leave behind. */
export function litterOf(root: string, pattern: RegExp = LITTER): string[] {
  return filesOf(root).filter((path) => pattern.test(path));
}
