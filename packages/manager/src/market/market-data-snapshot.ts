import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SymbolTable } from '@tb/history';
import type { LiveSnapshot } from '@tb/live';
import {
  type ColumnChunk,
  type LiveTick,
  type MarketDataSnapshot,
  type MarketDataSource,
  type SqlValue,
  syncFolder,
  type Watermark,
} from '@tb/schema';
import { ManagerError } from '../errors.ts';
import type { DuckEngine } from './duck-engine.ts';
import { lastTicksOf } from './last-ticks.ts';
import { literal } from './sql-text.ts';

/** What a snapshot is made of; `release` lets go of files and tables. */
export interface SnapshotParts {
  readonly engine: DuckEngine;
  readonly watermark: Watermark;
  readonly sources: readonly MarketDataSource[];
  readonly tradingDates: readonly string[];
  readonly coverage: MarketDataSnapshot['coverage'];
  readonly symbols: SymbolTable;
  readonly liveSnapshot: LiveSnapshot | undefined;
  readonly publishedLiveDates: ReadonlySet<string>;
  release(): Promise<void>;
}

/** One view over history and live. Files stay attached until it is disposed of and its streams have ended. */
export class ReaderSnapshot implements MarketDataSnapshot {
  readonly watermark: Watermark;
  readonly sources: readonly MarketDataSource[];
  readonly tradingDates: readonly string[];
  readonly coverage: MarketDataSnapshot['coverage'];
  readonly live: MarketDataSnapshot['live'];
  readonly #parts: SnapshotParts;
  #streams = 0;
  #isDisposed = false;
  #released: Promise<void> | undefined;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.watermark = parts.watermark;
    this.sources = parts.sources;
    this.tradingDates = parts.tradingDates;
    this.coverage = parts.coverage;
    this.live = parts.liveSnapshot && {
      lastTickTs: parts.liveSnapshot.lastTickTs,
      heartbeat: parts.liveSnapshot.heartbeat,
    };
  }

  sidOf(symbol: string): number | undefined {
    return this.#parts.symbols.sidOf(symbol);
  }

  symbolOf(sid: number): string | undefined {
    return this.#parts.symbols.symbolOf(sid);
  }

  async *stream(
    sql: string,
    parameters: readonly SqlValue[] = [],
    signal?: AbortSignal,
  ): AsyncGenerator<ColumnChunk, void, undefined> {
    this.#begin();
    try {
      yield* this.#parts.engine.stream(sql, parameters, signal);
    } finally {
      await this.#end();
    }
  }

  lastTicks(sid: number, count: number): readonly LiveTick[] {
    const { liveSnapshot, publishedLiveDates } = this.#parts;
    return liveSnapshot ? lastTicksOf(liveSnapshot, publishedLiveDates, sid, count) : [];
  }

  /**
   * Writes the rows of a SELECT as Parquet (zstd). The file appears whole under its name, in place of one that was there.
   * @throws `QUERY_FAILED`, `QUERY_ABORTED`, errors of node:fs
   */
  async exportParquet(sql: string, path: string, signal?: AbortSignal): Promise<{ rows: number }> {
    const target = resolve(path);
    const temporary = join(dirname(target), `.tmp-${randomUUID()}.parquet`);
    this.#begin();
    try {
      const rows = await this.#parts.engine.execute(
        `COPY (${sql}) TO ${literal(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
        signal,
      );
      const file = await open(temporary, 'r+');
      await file.sync().finally(() => file.close());
      await rename(temporary, target);
      await syncFolder(dirname(target));
      return { rows };
    } finally {
      await rm(temporary, { force: true });
      await this.#end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    if (this.#streams === 0) await this.#release();
  }

  #begin(): void {
    if (this.#isDisposed)
      throw new ManagerError('QUERY_FAILED', 'A market-data snapshot was used after its disposal');
    this.#streams += 1;
  }

  async #end(): Promise<void> {
    this.#streams -= 1;
    if (this.#isDisposed && this.#streams === 0) await this.#release();
  }

  #release(): Promise<void> {
    this.#released ??= this.#parts.release();
    return this.#released;
  }
}
