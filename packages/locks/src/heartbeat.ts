import { mkdirSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ProperLockfile from 'proper-lockfile';
import { errnoOf } from './errno.ts';
import type { DirectoryLook } from './judge.ts';
import { type Ownership, ownsFiles } from './ownership.ts';
import { RECORD } from './record.ts';

/** proper-lockfile's directory. Its mtime is the heartbeat. */
const DIRECTORY = '.writer.lock.lock';
const BEAT_MS = 3_000;
/** 11.6 days: proper-lockfile's own takeover must never happen. We judge, it beats. */
const NEVER_STALE_MS = 1e9;
const RETRY_MS = 1_000;

export interface HeartbeatListener {
  /** Somebody removed or touched the directory, and it was made again. */
  restored(cause: Error): void;
  /** It could not be made again; tried once a second. */
  failed(cause: Error): void;
  /** Record or guard no longer name this holder. */
  lost(cause: Error): void;
}

/** Keeps the heartbeat directory alive, on this thread or on another. */
export interface Heartbeat {
  /** Stops beating and removes the directory, if it is still ours. */
  stop(): Promise<void>;
  /** The same for process exit. */
  stopSync(): void;
}

const require = createRequire(import.meta.url);

/** Beats on the event loop of this thread. @throws an Error with code ELOCKED when somebody else made the directory. */
export async function startHeartbeat(
  ownership: Ownership,
  listener: HeartbeatListener,
): Promise<Heartbeat> {
  // Imported here, not at the top: the import registers signal handlers (moxystudio/node-proper-lockfile#111).
  const { lock } = require('proper-lockfile') as typeof ProperLockfile;
  const beat = new Beat(ownership, listener, lock);
  await beat.start();
  return beat;
}

export function lookAtDirectory(dir: string): DirectoryLook {
  const stats = statSync(join(dir, DIRECTORY), { throwIfNoEntry: false });
  return stats === undefined ? undefined : { mtimeMs: stats.mtimeMs };
}

/** A file inside would make rmdir fail for ever; nothing in this directory is anybody's data. */
export function removeDirectory(dir: string): void {
  const path = join(dir, DIRECTORY);
  try {
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    // ENOTEMPTY and ENOTDIR; EPERM and EBUSY come and go on Windows.
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}

class Beat implements Heartbeat {
  readonly #ownership: Ownership;
  readonly #listener: HeartbeatListener;
  readonly #lock: typeof ProperLockfile.lock;
  #release: (() => Promise<void>) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(ownership: Ownership, listener: HeartbeatListener, lock: typeof ProperLockfile.lock) {
    this.#ownership = ownership;
    this.#listener = listener;
    this.#lock = lock;
  }

  async start(): Promise<void> {
    const release = await this.#lock(join(this.#ownership.dir, RECORD), {
      realpath: false,
      stale: NEVER_STALE_MS,
      update: BEAT_MS,
      fs: guardedFs(this.#ownership),
      onCompromised: (cause) => this.#compromised(cause),
    });
    this.#release = release;
    if (this.#stopped) await this.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const release = this.#release;
    this.#release = undefined;
    // ERELEASED: it was compromised before, and beats no more.
    await release?.().catch((error: unknown) => {
      if (errnoOf(error) !== 'ERELEASED') throw error;
    });
    this.stopSync();
  }

  stopSync(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    if (ownsFiles(this.#ownership)) removeDirectory(this.#ownership.dir);
  }

  /** Called from a timer of proper-lockfile: must not throw. */
  #compromised(cause: Error): void {
    if (this.#stopped) return; // fires on a clean release too
    this.#restore(cause).catch((error: Error) => {
      if (this.#stopped) return;
      this.#listener.failed(error);
      this.#retry = setTimeout(() => this.#compromised(error), RETRY_MS).unref();
    });
  }

  async #restore(cause: Error): Promise<void> {
    if (!ownsFiles(this.#ownership)) {
      this.#stopped = true;
      this.#listener.lost(cause);
      return;
    }
    removeDirectory(this.#ownership.dir);
    await this.start();
    this.#listener.restored(cause);
  }
}

/**
 * The calls that proper-lockfile makes, each asked first whether the directory is still ours: so a deposed process
 * neither beats nor, in its release or its exit hook, removes the directory of the new owner. Synchronous: local calls
 * of some microseconds, and a beat cannot be half done.
 */
function guardedFs(ownership: Ownership): object {
  type Done = (error: Error | null, value?: unknown) => void;
  const answer = (done: Done, call: () => unknown): void => {
    let value: unknown;
    try {
      value = call();
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, value);
  };
  const remove = (): void => {
    if (ownsFiles(ownership)) removeDirectory(ownership.dir);
  };
  return {
    mkdir: (path: string, done: Done) => answer(done, () => mkdirSync(path)),
    stat: (path: string, done: Done) =>
      answer(done, () => {
        if (!ownsFiles(ownership))
          throw Object.assign(new Error('record or guard name another holder'), { code: 'ENOENT' });
        return statSync(path);
      }),
    utimes: (path: string, at: Date, mt: Date, done: Done) =>
      answer(done, () => utimesSync(path, at, mt)),
    rmdir: (_path: string, done: Done) => answer(done, remove),
    rmdirSync: remove,
  };
}
