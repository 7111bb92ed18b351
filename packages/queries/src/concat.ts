import type { CandleChunk, TickChunk } from './chunk.ts';

type TypedArray = BigInt64Array | Float64Array | Int32Array | Uint8Array;

/** Chunks as one. */
export function concatCandles(chunks: readonly CandleChunk[]): CandleChunk {
  const only = chunks[0];
  if (only && chunks.length === 1) return only;
  const rows = rowsOf(chunks);
  const join = joiner(chunks);
  return {
    rows,
    sid: join((chunk) => chunk.sid, new Int32Array(rows)),
    ts: join((chunk) => chunk.ts, new BigInt64Array(rows)),
    open: join((chunk) => chunk.open, new Float64Array(rows)),
    high: join((chunk) => chunk.high, new Float64Array(rows)),
    low: join((chunk) => chunk.low, new Float64Array(rows)),
    close: join((chunk) => chunk.close, new Float64Array(rows)),
    volume: join((chunk) => chunk.volume, new Float64Array(rows)),
    code: join((chunk) => chunk.code, new Int32Array(rows)),
    filled: join((chunk) => chunk.filled, new Uint8Array(rows)),
  };
}

export function concatTicks(chunks: readonly TickChunk[]): TickChunk {
  const only = chunks[0];
  if (only && chunks.length === 1) return only;
  const rows = rowsOf(chunks);
  const join = joiner(chunks);
  return {
    rows,
    sid: join((chunk) => chunk.sid, new Int32Array(rows)),
    ts: join((chunk) => chunk.ts, new BigInt64Array(rows)),
    seq: join((chunk) => chunk.seq, new BigInt64Array(rows)),
    price: join((chunk) => chunk.price, new Float64Array(rows)),
    volume: join((chunk) => chunk.volume, new Float64Array(rows)),
    bid: join((chunk) => chunk.bid, new Float64Array(rows)),
    ask: join((chunk) => chunk.ask, new Float64Array(rows)),
    code: join((chunk) => chunk.code, new Int32Array(rows)),
  };
}

function rowsOf(chunks: readonly { readonly rows: number }[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
}

function joiner<Chunk>(chunks: readonly Chunk[]) {
  return <A extends TypedArray>(pick: (chunk: Chunk) => A, target: A): A => {
    let at = 0;
    for (const chunk of chunks) {
      const part = pick(chunk);
      // Both are of one kind; `set` is declared per kind of array only.
      (target as { set(part: A, at: number): void }).set(part, at);
      at += part.length;
    }
    return target;
  };
}
