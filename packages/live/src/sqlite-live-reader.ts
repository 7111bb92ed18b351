import type { SqliteDatabase } from '@tb/locks';
import { LiveError } from './errors.ts';
import { follow } from './follow.ts';
import type { LiveCache } from './live-cache.ts';
import type { FollowBatch, FollowOptions, LiveReader } from './live-reader.ts';
import type { LiveSnapshot } from './live-snapshot.ts';

/** See `LiveReader`. */
export class SqliteLiveReader implements LiveReader {
  readonly exchange: string;
  readonly #db: SqliteDatabase;
  readonly #cache: LiveCache;
  readonly #closing = new AbortController();
  #snapshot: LiveSnapshot | undefined;
  #version: number | undefined;

  constructor(exchange: string, db: SqliteDatabase, cache: LiveCache) {
    this.exchange = exchange;
    this.#db = db;
    this.#cache = cache;
  }

  dataVersion(): number {
    this.#assertOpen();
    return Number(this.#db.pragma('data_version', { simple: true }));
  }

  snapshot(): LiveSnapshot {
    const version = this.dataVersion();
    if (this.#snapshot !== undefined && version === this.#version) return this.#snapshot;
    this.#snapshot = this.#cache.refresh();
    // Taken before the transaction: a commit in between makes the next call read again, for nothing.
    this.#version = version;
    return this.#snapshot;
  }

  lastTicks(sid: number, count: number): ReturnType<LiveSnapshot['lastTicks']> {
    return this.snapshot().lastTicks(sid, count);
  }

  latest(sids?: Iterable<number>): ReturnType<LiveSnapshot['latest']> {
    return this.snapshot().latest(sids);
  }

  follow(options: FollowOptions = {}): AsyncIterable<FollowBatch> {
    this.#assertOpen();
    return follow(this, options, this.#closing.signal);
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted)
      throw new LiveError('LIVE_CLOSED', `The live reader of ${this.exchange} is closed`);
  }
}
