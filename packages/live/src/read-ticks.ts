import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { TickColumns } from '@tb/schema';

/** Streams a query with the columns of `data`, in order, as typed arrays. NULL quotes become NaN. */
export async function* readTicks(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<TickColumns> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield columnsOf(chunk);
  }
}

/** Memory that a vector of the pinned @duckdb/node-api keeps; checked on use, as it is not part of its types. */
function itemsOf<T extends ArrayBufferView>(chunk: DuckDBDataChunk, column: number): T {
  const { items } = chunk.getColumnVector(column) as unknown as { items?: unknown };
  if (!ArrayBuffer.isView(items))
    throw new TypeError('This version of @duckdb/node-api keeps its vectors in another way');
  return items as T;
}

/** Slots of NULLs hold garbage, so quotes are read one by one where there are NULLs. */
function quotesOf(chunk: DuckDBDataChunk, column: number): Float64Array {
  const vector = chunk.getColumnVector(column);
  return Float64Array.from({ length: chunk.rowCount }, (_, row) => {
    const value = vector.getItem(row);
    return value === null ? Number.NaN : (value as number);
  });
}

/** Copies: the memory of a chunk is DuckDB's. */
function columnsOf(chunk: DuckDBDataChunk): TickColumns {
  return {
    rows: chunk.rowCount,
    sid: itemsOf<Int32Array>(chunk, 0).slice(),
    ts: itemsOf<BigInt64Array>(chunk, 1).slice(),
    seq: itemsOf<BigInt64Array>(chunk, 2).slice(),
    price: itemsOf<Float64Array>(chunk, 3).slice(),
    volume: itemsOf<Float64Array>(chunk, 4).slice(),
    bid: quotesOf(chunk, 5),
    ask: quotesOf(chunk, 6),
  };
}
