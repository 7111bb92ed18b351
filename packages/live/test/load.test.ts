import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import { loadCandles, loadTicks } from '@tb/live';
import type { TickColumns } from '@tb/schema';
import { random, seedOf } from '@tb/testkit';

const TICKS =
  'sid INTEGER NOT NULL, ts TIMESTAMP_NS NOT NULL, seq BIGINT NOT NULL, price DOUBLE NOT NULL, volume DOUBLE NOT NULL, bid DOUBLE, ask DOUBLE';

function columns(rows: number, firstSeq: bigint, quote: (row: number) => number): TickColumns {
  const rng = random(seedOf()).fork(`load ${rows} ${firstSeq}`);
  return {
    rows,
    sid: Int32Array.from({ length: rows }, () => rng.below(0x7fff_ffff)),
    ts: BigInt64Array.from({ length: rows }, (_, row) => 1_770_000_000_123_456_789n + BigInt(row)),
    seq: BigInt64Array.from({ length: rows }, (_, row) => firstSeq + BigInt(row)),
    price: Float64Array.from({ length: rows }, () => rng.normal()),
    volume: Float64Array.from({ length: rows }, () => rng.next()),
    bid: Float64Array.from({ length: rows }, (_, row) => quote(row)),
    ask: Float64Array.from({ length: rows }, (_, row) => quote(row + 1)),
  };
}

async function roundTrip(chunks: readonly TickColumns[]): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE t (${TICKS})`);
  await loadTicks(connection, 't', chunks);
  const rows = (
    await connection.runAndReadAll('SELECT sid, epoch_ns(ts), seq, price, volume, bid, ask FROM t')
  ).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows as unknown[][];
}

describe('loadTicks', () => {
  const quotes: Record<string, (row: number) => number> = {
    none: () => Number.NaN,
    all: (row) => row + 0.5,
    some: (row) => (row % 3 === 0 || row % 64 === 63 ? Number.NaN : row),
    'one at the end': (row) => (row === 4_095 ? Number.NaN : 1),
  };
  test.each(Object.entries(quotes))(
    'copies every value; absent quotes are NULL: %s',
    async (_name, quote) => {
      const chunks = [1, 63, 64, 65, 2_047, 2_048, 2_049, 5_000, 0, 3].map((rows, i) =>
        columns(rows, BigInt(i) * 10_000n + 9_007_199_254_740_993n, quote),
      );
      const rows = await roundTrip(chunks);
      let at = 0;
      const orNull = (value: number | undefined): number | null =>
        Number.isNaN(value) ? null : value!;
      for (const chunk of chunks)
        for (let row = 0; row < chunk.rows; row++)
          if (
            JSON.stringify(rows[at++], (_, v) => (typeof v === 'bigint' ? `${v}n` : v)) !==
            JSON.stringify(
              [
                chunk.sid[row],
                chunk.ts[row],
                chunk.seq[row],
                chunk.price[row],
                chunk.volume[row],
                orNull(chunk.bid[row]),
                orNull(chunk.ask[row]),
              ],
              (_, v) => (typeof v === 'bigint' ? `${v}n` : v),
            )
          )
            throw new Error(`row ${at - 1} differs`);
      expect(rows.length).toBe(at);
    },
  );

  test('writes into another catalog, and fails as a whole on a table of other columns', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `ATTACH ':memory:' AS other; CREATE TABLE other.t (${TICKS}); CREATE TABLE narrow (sid INTEGER)`,
    );
    await loadTicks(connection, { catalog: 'other', schema: 'main', table: 't' }, [
      columns(10, 1n, () => 1),
    ]);
    expect((await connection.runAndReadAll('SELECT count(*) FROM other.t')).getRows()).toEqual([
      [10n],
    ]);
    await expect(loadTicks(connection, 'narrow', [columns(10, 1n, () => 1)])).rejects.toThrow();
    await expect(loadTicks(connection, 'absent', [])).rejects.toThrow(/absent/);
    connection.closeSync();
    instance.closeSync();
  });
});

test('loadCandles copies every value', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE c (sid INTEGER, ts TIMESTAMP_NS, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE)',
  );
  const rows = 3_000;
  const value = (offset: number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => row + offset);
  const ts = BigInt64Array.from(
    { length: rows },
    (_, row) => 1_770_000_000_000_000_001n + BigInt(row),
  );
  await loadCandles(connection, 'c', {
    rows,
    sid: Int32Array.from({ length: rows }, (_, row) => row),
    ts,
    open: value(0.1),
    high: value(0.2),
    low: value(0.3),
    close: value(0.4),
    volume: value(0.5),
  });
  const [first, last] = (
    await connection.runAndReadAll(
      'SELECT sid, epoch_ns(ts), open, high, low, close, volume FROM c WHERE sid IN (0, 2999) ORDER BY sid',
    )
  ).getRows();
  expect(first).toEqual([0, ts[0], 0.1, 0.2, 0.3, 0.4, 0.5]);
  expect(last).toEqual([2_999, ts[2_999], 2_999.1, 2_999.2, 2_999.3, 2_999.4, 2_999.5]);
  connection.closeSync();
  instance.closeSync();
});
