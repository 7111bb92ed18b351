import { runWorker } from '../worker/run-worker.ts';

/** What was read, and from which file. */
export interface FileHash {
  /** Hex. */
  readonly sha256: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** The hash, or the code of the system why there is none. */
export type HashedFile = FileHash | { readonly code: string };

/**
 * sha256 of every byte of files, in a child process: this one may have some of them open, and closing a file here would
 * drop the locks that it holds on it.
 *
 * @param paths Absolute. @param onFile Called after each.
 * @throws `WORKER_FAILED`, `INTERRUPTED`
 */
export async function hashFiles(
  paths: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; readonly onFile?: () => void } = {},
): Promise<ReadonlyMap<string, HashedFile>> {
  if (paths.length === 0) return new Map();
  const results = await runWorker<Record<string, HashedFile>>(
    'health/hash-worker.js',
    { paths },
    { signal: options.signal, onEvent: () => options.onFile?.() },
  );
  return new Map(Object.entries(results));
}
