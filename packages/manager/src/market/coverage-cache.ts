import { type CoverageRange, type FileEntry, readCoverage } from '@tb/history';
import type { Layout } from '@tb/schema';
import type { DuckEngine } from './duck-engine.ts';

/** Tables in one statement. */
const BATCH = 100;

/** An attached file, or one of the archive. */
export interface CoverageSource {
  readonly sha256: string;
  /** Name of the attached database; undefined for the archive. */
  readonly catalog: string | undefined;
  /** Of the archive. */
  readonly entry: FileEntry | undefined;
}

/** When feeds were connected, as published files tell it. Files never change, so each is asked once in a process. */
export class CoverageCache {
  readonly #layout: Layout;
  readonly #known = new Map<string, readonly CoverageRange[]>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** @param once Relations of coverage that are read now and not kept. */
  async of(
    engine: DuckEngine,
    sources: readonly CoverageSource[],
    once: readonly string[],
  ): Promise<CoverageRange[]> {
    const unknown = sources.filter(({ sha256 }) => !this.#known.has(sha256));
    const attached = unknown.filter(({ catalog }) => catalog !== undefined);
    for (let start = 0; start < attached.length; start += BATCH)
      await this.#read(engine, attached.slice(start, start + BATCH));
    for (const { sha256, entry } of unknown)
      if (entry) this.#known.set(sha256, await this.#readArchive(engine, entry));
    const known = sources.flatMap(({ sha256 }) => this.#known.get(sha256) ?? []);
    for (const relation of once) known.push(...(await readRanges(engine, [relation])).flat());
    return known;
  }

  async #read(engine: DuckEngine, sources: readonly CoverageSource[]): Promise<void> {
    const found = await readRanges(
      engine,
      sources.map(({ catalog }) => `${catalog}.coverage`),
    );
    for (const [index, { sha256 }] of sources.entries())
      this.#known.set(sha256, found[index] ?? []);
  }

  #readArchive(engine: DuckEngine, entry: FileEntry): Promise<readonly CoverageRange[]> {
    return engine.use((connection) => readCoverage(connection, this.#layout, entry, ''));
  }
}

/** The rows of each relation. */
async function readRanges(
  engine: DuckEngine,
  relations: readonly string[],
): Promise<CoverageRange[][]> {
  const parts = relations.map(
    (relation, index) => `SELECT ${index} AS file, source, from_ts, to_ts FROM ${relation}`,
  );
  const found = relations.map((): CoverageRange[] => []);
  for await (const chunk of engine.stream(parts.join(' UNION ALL '), [])) {
    const [file, source, from, to] = chunk.columns as readonly [
      Int32Array,
      readonly string[],
      BigInt64Array,
      BigInt64Array,
    ];
    for (let row = 0; row < chunk.rows; row++)
      found[file[row] as number]?.push({
        source: source[row] as string,
        from: from[row] as bigint,
        to: to[row] as bigint,
      });
  }
  return found;
}
