import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files below a folder, relative to it, sorted. */
export function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Files that a completed command must not leave behind. */
export function litterOf(root: string, pattern: RegExp = /(^|\/)\.tmp|\.tmp$/): string[] {
  return filesOf(root).filter((path) => pattern.test(path));
}
