import type { MarketDataSource, PublishedFile, Watermark } from '@tb/schema';
import { QueryError } from './errors.ts';
import type { Gap } from './gap-record.ts';

/** What is known of a result before its first row. */
export interface ResultFacts {
  /** What the read saw: a later read never has a lower one. */
  readonly watermark: Watermark;
  /** In ascending order of code points; `code` columns index it. */
  readonly symbols: readonly string[];
  /** Everything expected that is not there, whatever `onGap` says. */
  readonly gaps: readonly Gap[];
  /** Trading dates of whole sessions without data, between the first and the last that has some. */
  readonly missingDates: readonly string[];
  /** Trading dates with data among the sessions that the range meets, ascending. */
  readonly tradingDates: readonly string[];
  /** Lists the files when they are asked for: ten years have thousands. */
  readonly files: () => readonly PublishedFile[];
}

export interface ResultSource<Chunk> {
  readonly facts: ResultFacts;
  readonly stream: () => AsyncGenerator<Chunk, void, undefined>;
  /** Gives the snapshot back; called once. */
  readonly release: () => Promise<void>;
}

/**
 * The part that results of candles, ticks and joins share: facts first, then rows, once. The view it reads from stays
 * open until the rows are read to the end, the loop over them is left, or `close()`; `await using` closes it.
 */
export class StreamResult<Chunk> implements AsyncDisposable {
  readonly watermark: Watermark;
  readonly symbols: readonly string[];
  readonly gaps: readonly Gap[];
  readonly missingDates: readonly string[];
  readonly tradingDates: readonly string[];
  readonly #source: ResultSource<Chunk>;
  #state: 'fresh' | 'reading' | 'closed' = 'fresh';
  #released: Promise<void> | undefined;
  #files: readonly PublishedFile[] | undefined;

  constructor(source: ResultSource<Chunk>) {
    this.#source = source;
    this.watermark = source.facts.watermark;
    this.symbols = source.facts.symbols;
    this.gaps = source.facts.gaps;
    this.missingDates = source.facts.missingDates;
    this.tradingDates = source.facts.tradingDates;
  }

  /** The published day files that the rows come from, by path; for fingerprints of backtests. */
  get files(): readonly PublishedFile[] {
    this.#files ??= this.#source.facts.files();
    return this.#files;
  }

  /**
   * Rows as column chunks, in total order. Memory is bounded by the chunk here, and by one slice in the engine.
   * @throws `RESULT_CONSUMED` when read or closed before; when the signal aborts its reason, or the reader's
   *   `QUERY_ABORTED` with it as cause.
   */
  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    this.claim();
    try {
      yield* this.#source.stream();
    } finally {
      await this.close();
    }
  }

  /** Gives the view back. May be called twice; not while a loop over the rows runs: leave the loop instead. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#released ??= this.#source.release();
    await this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Marks the rows as being read. @throws `RESULT_CONSUMED` */
  protected claim(): void {
    if (this.#state !== 'fresh')
      throw new QueryError(
        'RESULT_CONSUMED',
        this.#state === 'closed' ? 'The result is closed' : 'The result is being read already',
      );
    this.#state = 'reading';
  }
}

/** Published day files behind sources, by path. */
export function filesOf(sources: readonly MarketDataSource[]): PublishedFile[] {
  const byPath = new Map<string, PublishedFile>();
  for (const source of sources) for (const file of source.files ?? []) byPath.set(file.path, file);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
