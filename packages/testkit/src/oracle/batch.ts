import { crc32 } from 'node:zlib';

/** Columns of one batch of ticks in live.db. */
export interface BatchColumns {
  readonly rows: number;
  readonly sid: Uint32Array;
  readonly ts: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
}

const HEADER_BYTES = 16;

/**
 * Decodes codec v1 as docs describe it: magic, version, rows as u32, 4 bytes unused, then sid u32 (padded to 8), ts i64,
 * price, volume, bid, ask f64, little-endian. Written from the description, so that encoder and oracle share no code.
 *
 * @throws Error when the checksum or the length is not right.
 */
export function decodeBatch(data: Buffer, checksum: number): BatchColumns {
  if (crc32(data) !== checksum) throw new Error('A batch of live.db does not have its CRC-32');
  const rows = data.readUInt32LE(8);
  const sidBytes = Math.ceil((rows * 4) / 8) * 8;
  if (data.length !== HEADER_BYTES + sidBytes + rows * 40)
    throw new Error(`A batch of ${rows} ticks has ${data.length} bytes`);
  const copy = new Uint8Array(data).buffer; // Aligned: views need it.
  let at = HEADER_BYTES + sidBytes;
  const ts = new BigInt64Array(copy, at, rows);
  const next = (): Float64Array => {
    at += rows * 8;
    return new Float64Array(copy, at, rows);
  };
  const sid = new Uint32Array(copy, HEADER_BYTES, rows);
  return { rows, sid, ts, price: next(), volume: next(), bid: next(), ask: next() };
}
