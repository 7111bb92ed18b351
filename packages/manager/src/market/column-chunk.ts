import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import type { Column, ColumnChunk } from '@tb/schema';
import { ManagerError } from '../errors.ts';

const { DuckDBTypeId } = loadDuckdb();

type Values = Float64Array | Float32Array | BigInt64Array | Int32Array;

/**
 * What the pinned @duckdb/node-api keeps inside a vector; checked on use, as it is not part of its types. `items` is memory
 * of its own, a copy of DuckDB's: it is taken as it is, and a test sees that it stays so.
 */
interface VectorInternals {
  readonly items?: unknown;
  readonly validity?: { readonly data?: unknown };
}

/**
 * One chunk of DuckDB as columns. Vectors of numbers are taken as memory: more than 10 times faster than row objects. The columns
 * outlive the chunk and belong to the caller; a chunk is given here once.
 *
 * @throws `QUERY_FAILED` for an integer outside int64
 */
export function columnChunkOf(chunk: DuckDBDataChunk, names: readonly string[]): ColumnChunk {
  const rows = chunk.rowCount;
  const columns: Column[] = [];
  const valid: (Uint8Array | undefined)[] = [];
  for (let index = 0; index < chunk.columnCount; index++) {
    const vector = chunk.getColumnVector(index);
    const mask = validityOf(vector, rows);
    valid.push(mask);
    columns.push(columnOf(vector, rows, mask, names[index] ?? ''));
  }
  return { rows, names, columns, valid };
}

function columnOf(
  vector: DuckDBVector,
  rows: number,
  mask: Uint8Array | undefined,
  name: string,
): Column {
  switch (vector.type.typeId) {
    case DuckDBTypeId.DOUBLE:
      return cleared(itemsOf(vector, rows) as Float64Array, mask, Number.NaN);
    case DuckDBTypeId.FLOAT:
      return cleared(Float64Array.from(itemsOf(vector, rows) as Float32Array), mask, Number.NaN);
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.TIMESTAMP_NS:
      return clearedBig(itemsOf(vector, rows) as BigInt64Array, mask);
    case DuckDBTypeId.INTEGER:
      return cleared(itemsOf(vector, rows) as Int32Array, mask, 0);
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.BOOLEAN:
      return Int32Array.from({ length: rows }, (_, row) => Number(vector.getItem(row) ?? 0));
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return BigInt64Array.from({ length: rows }, (_, row) => int64(vector.getItem(row), name));
    default:
      return Array.from({ length: rows }, (_, row) => textOf(vector.getItem(row)));
  }
}

function itemsOf(vector: DuckDBVector, rows: number): Values {
  const items = (vector as unknown as VectorInternals).items;
  if (!ArrayBuffer.isView(items) || (items as Values).length !== rows)
    throw new TypeError('This version of @duckdb/node-api keeps its vectors in another way');
  return items as Values;
}

/** undefined when no value is NULL, else 1 where a value is present. */
function validityOf(vector: DuckDBVector, rows: number): Uint8Array | undefined {
  const validity = (vector as unknown as VectorInternals).validity;
  const words = validity?.data;
  if (validity && words === null) return undefined;
  const bits = ArrayBuffer.isView(words)
    ? new Uint32Array(words.buffer, words.byteOffset, words.byteLength / 4)
    : undefined;
  const mask = new Uint8Array(rows);
  let present = 0;
  for (let row = 0; row < rows; row++) {
    const bit = bits
      ? ((bits[row >>> 5] as number) >>> (row & 31)) & 1
      : Number(vector.getItem(row) !== null);
    mask[row] = bit;
    present += bit;
  }
  return present === rows ? undefined : mask;
}

/** The slot of a NULL holds what was there before: NaN or 0 in its place. */
function cleared<T extends Float64Array | Int32Array>(
  values: T,
  mask: Uint8Array | undefined,
  empty: number,
): T {
  if (mask) for (let row = 0; row < mask.length; row++) if (mask[row] === 0) values[row] = empty;
  return values;
}

function clearedBig(values: BigInt64Array, mask: Uint8Array | undefined): BigInt64Array {
  if (mask) for (let row = 0; row < mask.length; row++) if (mask[row] === 0) values[row] = 0n;
  return values;
}

function int64(value: unknown, name: string): bigint {
  if (value === null) return 0n;
  const big = BigInt(value as bigint | number);
  if (BigInt.asIntN(64, big) !== big)
    throw new ManagerError('QUERY_FAILED', `Column ${name} has an integer outside int64`);
  return big;
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}
