import { crc32 } from 'node:zlib';
import type { TickColumns } from '@tb/schema';
import { LiveError } from './errors.ts';
import type { TickChunk } from './live-snapshot.ts';

/** Codec v1: a header of 16 bytes, then 8-byte aligned columns sid, ts, price, volume, bid, ask. Little-endian. */
export const CODEC = 1;
const MAGIC = 0x31544254; // "TBT1"
const HEADER_BYTES = 16;

/** A row of `tail` or `late`, as SQLite gives it with safe integers. */
export interface BatchRow {
  readonly first_seq: bigint;
  readonly last_seq: bigint;
  readonly trading_date: string;
  readonly rows: bigint;
  readonly min_ts: bigint;
  readonly max_ts: bigint;
  readonly codec: bigint;
  readonly crc32: bigint;
  readonly data: Uint8Array;
}

/** The columns that the codec stores; `seq` is not one of them, row i has `first_seq + i`. */
export type StoredColumns = Omit<TickColumns, 'seq'>;

const sidBytes = (rows: number): number => (rows * 4 + 7) & ~7;

/** Bytes of a BLOB of so many ticks: 44 a tick and the header. */
export function encodedBytes(rows: number): number {
  return HEADER_BYTES + sidBytes(rows) + rows * 40;
}

/** Views over the columns inside a buffer whose header says `rows`. */
function columnsIn(buffer: ArrayBufferLike, start: number, rows: number): StoredColumns {
  let at = start + HEADER_BYTES;
  const sid = new Int32Array(buffer, at, rows);
  at += sidBytes(rows);
  const ts = new BigInt64Array(buffer, at, rows);
  const next = (): Float64Array => {
    at += rows * 8;
    return new Float64Array(buffer, at, rows);
  };
  return { rows, sid, ts, price: next(), volume: next(), bid: next(), ask: next() };
}

/** @returns The BLOB and its CRC-32: SQLite has no checksum of its pages. */
export function encodeTicks(ticks: StoredColumns): { data: Uint8Array; crc: number } {
  const { rows } = ticks;
  const data = new Uint8Array(encodedBytes(rows));
  const header = new DataView(data.buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, CODEC, true);
  header.setUint32(8, rows, true);
  const into = columnsIn(data.buffer, 0, rows);
  into.sid.set(ticks.sid.subarray(0, rows));
  into.ts.set(ticks.ts.subarray(0, rows));
  into.price.set(ticks.price.subarray(0, rows));
  into.volume.set(ticks.volume.subarray(0, rows));
  into.bid.set(ticks.bid.subarray(0, rows));
  into.ask.set(ticks.ask.subarray(0, rows));
  return { data, crc: crc32(data) };
}

/**
 * The ticks of a row: views over its BLOB where that is aligned, else over one copy.
 * @throws `LIVE_CORRUPT` when checksum, header, length or range do not agree.
 */
export function decodeTicks(row: BatchRow): TickChunk {
  const rows = Number(row.rows);
  const wrong = faultOf(row, rows);
  if (wrong !== undefined)
    throw new LiveError(
      'LIVE_CORRUPT',
      `The batch of ${row.trading_date} at seq ${row.first_seq} ${wrong}`,
    );
  const aligned = row.data.byteOffset % 8 === 0 ? row.data : new Uint8Array(row.data);
  const columns = columnsIn(aligned.buffer, aligned.byteOffset, rows);
  const seq = new BigInt64Array(rows);
  for (let i = 0, next = row.first_seq; i < rows; i++, next++) seq[i] = next;
  return {
    ...columns,
    seq,
    tradingDate: row.trading_date,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    minTs: row.min_ts,
    maxTs: row.max_ts,
  };
}

function faultOf(row: BatchRow, rows: number): string | undefined {
  const { data } = row;
  const crc = crc32(data);
  if (crc !== Number(row.crc32)) return `has CRC-32 ${crc}, its row says ${row.crc32}`;
  if (row.codec !== BigInt(CODEC)) return `has codec ${row.codec}, this version knows ${CODEC}`;
  if (rows < 1 || data.byteLength !== encodedBytes(rows))
    return `has ${data.byteLength} bytes, ${rows} ticks take ${encodedBytes(rows)}`;
  const header = new DataView(data.buffer, data.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC || header.getUint32(8, true) !== rows)
    return 'has a header of another batch';
  if (row.last_seq - row.first_seq + 1n !== row.rows)
    return `ends at seq ${row.last_seq}, ${rows} rows end elsewhere`;
  return undefined;
}
