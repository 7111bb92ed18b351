import type { ColumnChunk, MarketDataSnapshot } from '@tb/schema';
import { type ResultFacts, StreamResult } from './result.ts';

export interface SqlResultOptions<Chunk> {
  readonly facts: ResultFacts;
  readonly snapshot: Pick<MarketDataSnapshot, 'stream'>;
  /** Run one after the other. */
  readonly statements: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly toChunk: (chunk: ColumnChunk) => Chunk;
  readonly release: AsyncDisposable;
}

/** A result that is the rows of statements. */
export function sqlResult<Chunk>(options: SqlResultOptions<Chunk>): StreamResult<Chunk> {
  return new StreamResult<Chunk>({
    facts: options.facts,
    stream: () => streamStatements(options),
    release: async () => options.release[Symbol.asyncDispose](),
  });
}

/** Rows of statements, one after the other. */
export async function* streamStatements<Chunk>(
  options: Omit<SqlResultOptions<Chunk>, 'facts' | 'release'>,
): AsyncGenerator<Chunk, void, undefined> {
  const { snapshot, signal, toChunk } = options;
  for (const sql of options.statements) {
    signal?.throwIfAborted();
    for await (const chunk of snapshot.stream(sql, [], signal)) {
      signal?.throwIfAborted();
      yield toChunk(chunk);
    }
  }
}

/** Doubles, with NaN where the value is NULL: the slot of a NULL may hold anything. */
export function doubles(chunk: ColumnChunk, index: number): Float64Array {
  const values = chunk.columns[index] as Float64Array;
  const valid = chunk.valid[index];
  return valid ? values.map((value, i) => (valid[i] === 1 ? value : NaN)) : values;
}
