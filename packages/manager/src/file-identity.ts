import { statSync } from 'node:fs';

/**
 * Device and inode of a file; undefined when there is none. Another one under the same path is another file: a restore
 * or a rebuild put it there, and connections to the old one would show the old rows for ever. By stat: opening a database
 * file would drop this process's locks on it.
 */
export function findIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
