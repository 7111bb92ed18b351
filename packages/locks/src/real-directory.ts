import { realpathSync, statSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { LockError } from './errors.ts';

/** The real path of a folder: two names of it are one lock. @throws `DIRECTORY_MISSING` */
export function realDirectory(dir: string): string {
  let real: string;
  try {
    real = realpathSync.native(dir);
  } catch (cause) {
    throw new LockError('DIRECTORY_MISSING', `${dir}: ${errnoOf(cause)}`, { cause });
  }
  if (statSync(real).isDirectory()) return real;
  throw new LockError('DIRECTORY_MISSING', `${dir} is not a folder`);
}
