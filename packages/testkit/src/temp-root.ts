import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for one test. `using root = tempRoot()` removes it at the end of the block. */
export interface TempRoot extends Disposable, AsyncDisposable {
  /** Absolute, without symbolic links (macOS: /tmp is one). The folder exists and is empty. */
  readonly path: string;
  /** Path of `parts` below the folder; creates nothing. */
  at(...parts: string[]): string;
  /** Removes the folder and all in it, also read-only files. May be called twice. */
  remove(): void;
}

/** @param label Becomes part of the folder's name, so that a leftover names its test. */
export function tempRoot(label = 'test'): TempRoot {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `tb-${label}-`)));
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  return {
    path,
    at: (...parts) => join(path, ...parts),
    remove,
    [Symbol.dispose]: remove,
    [Symbol.asyncDispose]: async () => remove(),
  };
}
