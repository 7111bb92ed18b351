import { Manifest, type VerifiedRow } from '@tb/history';
import type { LiveSnapshot } from '@tb/live';
import type { Layout } from '@tb/schema';
import { ManagerError } from '../errors.ts';
import type { ManagerEventHandler } from '../event.ts';
import { findIdentity } from '../file-identity.ts';
import { LiveReaders } from './live-readers.ts';
import { hasMoved, type Moment } from './moment.ts';
import { isFileMissing } from './verify-file.ts';

const RESTARTS_MAX = 3;

/** Takes moments of a data root, and starts a read again when a file left between the moment and its ATTACH. */
export class Moments {
  readonly #layout: Layout;
  readonly #live: LiveReaders;
  readonly #onEvent: ManagerEventHandler;
  #manifest: { readonly reader: Manifest; readonly identity: string | undefined } | undefined;
  #manifestVersion = 0;
  #isClosed = false;

  constructor(layout: Layout, onEvent: ManagerEventHandler) {
    this.#layout = layout;
    this.#live = new LiveReaders(layout);
    this.#onEvent = onEvent;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * The order makes it right. History wins for what the manifest lists, so no row is seen twice. A date that the manifest
   * lacks was not published when the live buffers were read, before it, and a date leaves a live buffer only after its
   * publication: so the live side still had every row of it, and none is missed.
   *
   * @throws `STEPPED_BACK`, `MANAGER_CLOSED`, and what the live and history readers throw
   */
  take(exchanges: readonly string[]): Moment {
    if (this.#isClosed)
      throw new ManagerError('MANAGER_CLOSED', 'Market data was read after its manager was closed');
    const live = new Map<string, LiveSnapshot>();
    for (const exchange of exchanges) {
      const snapshot = this.#live.snapshot(exchange);
      if (snapshot) live.set(exchange, snapshot);
    }
    const manifest = this.#currentManifest().snapshot();
    if (manifest.version < this.#manifestVersion)
      throw new ManagerError(
        'STEPPED_BACK',
        `The manifest is at version ${manifest.version}, this process has seen ${this.#manifestVersion}`,
      );
    this.#manifestVersion = manifest.version;
    return { live, manifest };
  }

  /**
   * Runs `work` at a moment. When a file is gone, both sides are read again: at most 3 times, and only if one of them
   * moved. Otherwise the file is lost, and its error is thrown. The only retry in the read path.
   */
  async at<T>(
    exchanges: () => readonly string[],
    work: (moment: Moment) => Promise<T>,
  ): Promise<T> {
    let lost: { readonly error: unknown; readonly moment: Moment } | undefined;
    for (let attempt = 0; ; attempt++) {
      const moment = this.take(exchanges());
      if (lost) {
        if (!hasMoved(lost.moment, moment)) throw lost.error;
        this.#onEvent({ type: 'read_restarted', attempt, cause: lost.error });
      }
      try {
        return await work(moment);
      } catch (error) {
        if (!isFileMissing(error) || attempt === RESTARTS_MAX) throw error;
        lost = { error, moment };
      }
    }
  }

  /** What the publisher or `tb health --full` said about the bytes of a published file. */
  findVerified(path: string): VerifiedRow | undefined {
    return this.#manifest?.reader.findVerified(path);
  }

  close(): void {
    this.#isClosed = true;
    this.#live.close();
    this.#manifest?.reader.close();
  }

  /** Opened again when the file was replaced, by a restore or a rebuild. */
  #currentManifest(): Manifest {
    const identity = findIdentity(this.#layout.manifest);
    if (this.#manifest?.identity !== identity) {
      this.#manifest?.reader.close();
      this.#manifest = undefined;
    }
    this.#manifest ??= { reader: Manifest.openReader(this.#layout), identity };
    return this.#manifest.reader;
  }
}
