type TypedArray = BigInt64Array | Float64Array | Int32Array | Uint8Array;

/** Columns of equal length, each a typed array. */
export interface Columns {
  readonly rows: number;
}

/**
 * Chunks as one.
 * @param empty A chunk without rows: names and kinds of the columns, and what no chunks at all are.
 */
export function concatChunks<Chunk extends Columns>(chunks: readonly Chunk[], empty: Chunk): Chunk {
  const [only, ...more] = chunks;
  if (!only) return empty;
  if (more.length === 0) return only;
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const names = Object.keys(empty).filter((name) => name !== 'rows') as (keyof Chunk)[];
  const columns = names.map((name) => {
    const parts = chunks.map((chunk) => chunk[name] as TypedArray);
    return [name, joined(parts, (empty[name] as TypedArray).constructor, rows)];
  });
  return { ...Object.fromEntries(columns), rows } as Chunk; // the columns of `empty`, each of its kind
}

function joined(parts: readonly TypedArray[], kind: unknown, length: number): TypedArray {
  const target = new (kind as new (length: number) => TypedArray)(length);
  let at = 0;
  for (const part of parts) {
    // Both are of one kind; `set` is declared per kind of array only.
    (target as { set(part: TypedArray, at: number): void }).set(part, at);
    at += part.length;
  }
  return target;
}
