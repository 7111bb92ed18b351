import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TickColumns } from '@tb/schema';
import type { LiveSnapshot, SegmentEntry } from './live-snapshot.ts';
import { readTicks } from './read-ticks.ts';
import { DATA_COLUMNS, SegmentDuckdb } from './segment-duckdb.ts';
import { verifySegment } from './segment-file.ts';

const MEMORY_MB = 256;
/** One sort: bounds the memory, at the price of reading the seq column of a segment once more. */
const WINDOW_SEQS = 500_000n;

/** Sealed ticks by seq, from the segments of a snapshot; opens DuckDB when the first row is asked for. */
export class SealedRows implements AsyncDisposable {
  readonly #segments: readonly SegmentEntry[];
  readonly #attached = new Set<number>();
  #duckdb: SegmentDuckdb | undefined;
  #spillDir: string | undefined;

  constructor(snapshot: LiveSnapshot) {
    this.#segments = snapshot.segments;
  }

  /** Rows with `from <= seq < to`, by seq. @throws `SEGMENT_MISSING`, `SEGMENT_CORRUPT` */
  async *between(from: bigint, to: bigint): AsyncGenerator<TickColumns> {
    for (let start = from; start < to; start += WINDOW_SEQS) {
      const end = start + WINDOW_SEQS < to ? start + WINDOW_SEQS : to;
      const sources: string[] = [];
      for (const segment of this.#segments)
        if (segment.firstSeq < end && segment.lastSeq >= start)
          sources.push(
            `SELECT ${DATA_COLUMNS} FROM ${await this.#attach(segment)}.data WHERE seq >= ${start} AND seq < ${end}`,
          );
      if (sources.length === 0) continue;
      const { connection } = await this.#open();
      yield* readTicks(connection, `${sources.join(' UNION ALL ')} ORDER BY seq`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#duckdb?.close();
    if (this.#spillDir !== undefined) await rm(this.#spillDir, { recursive: true, force: true });
  }

  async #open(): Promise<SegmentDuckdb> {
    this.#spillDir ??= await mkdtemp(join(tmpdir(), 'tb-live-'));
    this.#duckdb ??= await SegmentDuckdb.open(MEMORY_MB, this.#spillDir);
    return this.#duckdb;
  }

  /** Once attached, a file stays readable though its name goes. */
  async #attach(segment: SegmentEntry): Promise<string> {
    const name = `segment_${segment.id}`;
    if (this.#attached.has(segment.id)) return name;
    await verifySegment(segment);
    await (await this.#open()).attach(segment.path, name);
    this.#attached.add(segment.id);
    return name;
  }
}
