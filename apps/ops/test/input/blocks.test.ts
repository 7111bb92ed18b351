import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { candleBlocks, type RejectedRow, tickBlocks } from '../../src/input/blocks.ts';
import { inputOf } from '../../src/input/cell-source.ts';
import { type InputFlags, parseInputOptions } from '../../src/input/input-options.ts';

const HEADER = 'symbol,ts,price,volume,bid,ask';
const row = (text: string): string => `SPY,2013-10-07T13:30:00Z,${text}`;

interface Read {
  symbols: string[];
  prices: number[];
  rejected: RejectedRow[];
  rowsRead: number;
}

async function readTicks(
  name: string,
  bytes: string | Buffer,
  flags: InputFlags = {},
): Promise<Read> {
  using root = tempRoot();
  const file = join(root.path, name);
  writeFileSync(file, bytes);
  const out: Read = { symbols: [], prices: [], rejected: [], rowsRead: 0 };
  const options = parseInputOptions('ticks', '', flags);
  for await (const block of tickBlocks(inputOf(file, options.format), options, Readable.from([]))) {
    out.symbols.push(...(block.batch.symbol as string[]));
    out.prices.push(...block.batch.price);
    out.rejected.push(...block.rejected);
    out.rowsRead += block.rowsRead;
  }
  return out;
}

describe('rows of a CSV file', () => {
  test('columns are found by name, in any order, with a byte order mark and empty lines', async () => {
    const read = await readTicks(
      'a.csv',
      '\ufeffvolume,price,ts,symbol\n\n5,1.25,2013-10-07T13:30:00Z,SPY\n',
    );
    expect(read).toMatchObject({ symbols: ['SPY'], prices: [1.25], rowsRead: 1 });
  });

  test.each([
    ['text where a number is', row('abc,1,,'), 'bad_price'],
    ['an empty price', row(',1,,'), 'bad_price'],
    ['a negative price', row('-1,1,,'), 'bad_price'],
    ['a price of zero', row('0,1,,'), 'bad_price'],
    ['a NaN price', row('NaN,1,,'), 'bad_price'],
    ['an infinite price', row('Infinity,1,,'), 'bad_price'],
    ['a hexadecimal price', row('0x10,1,,'), 'bad_price'],
    ['a negative volume', row('1,-1,,'), 'bad_volume'],
    ['a bid that is no number', row('1,1,x,'), 'bad_bid'],
    ['a row that is too short', 'SPY,2013-10-07T13:30:00Z,1', 'bad_row'],
    ['a row that is too long', row('1,1,,,,,'), 'bad_row'],
    ['an empty symbol', ',2013-10-07T13:30:00Z,1,1,,', 'bad_symbol'],
    ['an empty time', 'SPY,,1,1,,', 'bad_time'],
    ['a date without a time', 'SPY,2013-10-07,1,1,,', 'bad_time'],
    ['a time that is none', 'SPY,yesterday,1,1,,', 'bad_time'],
  ])(
    '%s is rejected with its reason, and the rows around it are kept',
    async (_name, bad, reason) => {
      const read = await readTicks(
        'a.csv',
        `${HEADER}\n${row('1,1,,')}\n${bad}\n${row('2,1,,')}\n`,
      );
      expect(read.prices).toEqual([1, 2]);
      expect(read.rejected).toHaveLength(1);
      expect(read.rejected[0]?.reason.split(':')[0]).toBe(reason);
      expect(read.rejected[0]?.row).toBe(2);
      expect(read.rowsRead).toBe(3);
    },
  );

  test.each([
    ['no such column', 'symbol,ts,cost,volume\n', {}, 'COLUMN_MISSING'],
    ['an empty file', '', {}, 'INPUT_EMPTY'],
    [
      'a time without a zone',
      `${HEADER}\nSPY,2013-10-07 13:30:00,1,1,,\n`,
      {},
      'TIME_ZONE_MISSING',
    ],
    [
      'regress-6-two-columns: a wanted column that is there twice',
      'symbol,ts,price,price,volume\nSPY,2013-10-07T13:30:00Z,1,2,1\n',
      {},
      'INPUT_UNREADABLE',
    ],
    ['an open quote', `${HEADER}\n"SPY,2013`, {}, 'INPUT_UNREADABLE'],
    ['a zone that is none', HEADER, { tz: 'Mars/Base' }, 'BAD_OPTION'],
    ['a map that is none', HEADER, { map: 'ts' }, 'BAD_OPTION'],
    ['a map of an unknown column', HEADER, { map: 'x=y' }, 'BAD_OPTION'],
    ['an unknown time format', HEADER, { tsFormat: 'days' }, 'BAD_OPTION'],
  ])('%s is an error', async (_name, text, flags, code) => {
    await expect(readTicks('a.csv', text, flags)).rejects.toMatchObject({ code });
  });

  test('a truncated gzip is an error, also when whole rows came before the end', async () => {
    const rows = Array.from({ length: 50_000 }, (_value, at) =>
      row(`${1 + (at % 977) / 100},${at},,`),
    ).join('\n');
    const whole = gzipSync(`${HEADER}\n${rows}\n`);
    await expect(readTicks('a.csv.gz', whole.subarray(0, whole.length - 20))).rejects.toMatchObject(
      { code: 'INPUT_TRUNCATED' },
    );
    expect((await readTicks('a.csv.gz', whole)).rowsRead).toBe(50_000);
  });

  test('regress-6-not-utf8: symbols that differ in a byte that is no UTF-8 do not become one', async () => {
    const latin1 = Buffer.from(
      `${HEADER}\nD\xe9C,2013-10-07T13:30:00Z,1,1,,\nD\xe8C,2013-10-07T13:30:00Z,2,1,,\n`,
      'latin1',
    );
    const read = await readTicks('a.csv', latin1);
    expect(read.symbols).toEqual([]);
    expect(read.rejected.map(({ reason }) => reason)).toEqual(
      Array(2).fill('bad_symbol: not UTF-8'),
    );
  });

  test('bytes that are no gzip are an error', async () => {
    await expect(readTicks('a.csv.gz', 'hello')).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
    });
  });

  test('one symbol for all rows needs no column', async () => {
    const read = await readTicks(
      'a.csv',
      'ts_utc,price,size\n2013-10-07 13:30:00.094,167.42,100\n',
      { symbol: 'SPY', map: 'ts=ts_utc,volume=size', tz: 'UTC' },
    );
    expect(read).toMatchObject({ symbols: ['SPY'], prices: [167.42] });
  });
});

describe('rows of a JSON lines file', () => {
  test('objects are read, and lines that are none are rejected', async () => {
    const good = '{"symbol":"SPY","ts":1381152600094123456,"price":1.5,"volume":1}';
    const read = await readTicks('a.jsonl', `${good}\nnot json\n[1]\n\n${good}`, {
      tsFormat: 'ns',
    });
    expect(read.prices).toEqual([1.5, 1.5]);
    expect(read.rejected.map((rejected) => rejected.reason.split(':')[0])).toEqual([
      'bad_row',
      'bad_row',
    ]);
    expect(read.rowsRead).toBe(4);
  });

  test('a missing field names the fields that are there', async () => {
    await expect(
      readTicks('a.jsonl', '{"symbol":"SPY","time":1,"price":1,"volume":1}'),
    ).rejects.toMatchObject({ code: 'COLUMN_MISSING', message: expect.stringContaining('time') });
  });
});

describe('rows of a Parquet file', () => {
  const TIME = 1_748_835_900_000_000_000n; // 2025-06-02T03:45:00Z
  const read = async (
    ts: string,
    flags: InputFlags = {},
    edit: (bytes: Buffer) => Buffer = (bytes) => bytes,
  ): Promise<bigint[]> => {
    using root = tempRoot();
    const file = join(root.path, 'a.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 'A' AS symbol, ${ts} AS ts, 1.5 AS price, 2 AS volume) TO '${file}' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    writeFileSync(file, edit(readFileSync(file)));
    const options = parseInputOptions('ticks', '', flags);
    const stamps: bigint[] = [];
    for await (const block of tickBlocks(inputOf(file, undefined), options, Readable.from([])))
      stamps.push(...block.batch.ts);
    return stamps;
  };

  test.each(['TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP', 'TIMESTAMP_NS'])(
    'regress-6-parquet-zone: a %s that is not adjusted to UTC is the wall clock of the zone that is stated, and an error without one',
    async (type) => {
      const wall = (text: string): string => `${type} '${text}'`;
      expect(await read(wall('2025-06-02 03:45:00'), { tz: 'UTC' })).toEqual([TIME]);
      expect(await read(wall('2025-06-02 09:15:00'), { tz: 'Asia/Kolkata' })).toEqual([TIME]);
      await expect(read(wall('2025-06-02 09:15:00'))).rejects.toMatchObject({
        code: 'TIME_ZONE_MISSING',
      });
    },
  );

  test('regress-6-parquet-zone: every digit of a wall clock in ns is kept', async () => {
    const wall = "TIMESTAMP_NS '2025-06-02 09:15:00.123456789'";
    expect(await read(wall, { tz: 'Asia/Kolkata' })).toEqual([TIME + 123_456_789n]);
  });

  test('a time that is adjusted to UTC needs no zone, and no stated one moves it', async () => {
    const time = "TIMESTAMPTZ '2025-06-02 09:15:00.123456+05:30'";
    for (const flags of [{}, { tz: 'Asia/Kolkata' }])
      expect(await read(time, flags)).toEqual([TIME + 123_456_000n]);
  });

  test('regress-6-parquet-cut: ns that are adjusted to UTC, which DuckDB cuts to us, are refused with the way out', async () => {
    // In the footer: field 1 isAdjustedToUTC false, field 2 a struct with its field 3, NANOS.
    const [unzoned, zoned] = [Buffer.from([0x12, 0x1c, 0x3c]), Buffer.from([0x11, 0x1c, 0x3c])];
    const adjust = (bytes: Buffer): Buffer => {
      const at = bytes.lastIndexOf(unzoned);
      return Buffer.concat([bytes.subarray(0, at), zoned, bytes.subarray(at + zoned.length)]);
    };
    await expect(
      read("TIMESTAMP_NS '2025-06-02 03:45:00.123456789'", {}, adjust),
    ).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      hint: expect.stringContaining('--tz UTC'),
    });
  });
});

describe('candles', () => {
  const header = 'symbol,ts,open,high,low,close,volume';
  const read = async (
    text: string,
    timeframe: '1m' | '1d',
  ): Promise<{ ts: bigint[]; reasons: string[] }> => {
    using root = tempRoot();
    const file = join(root.path, 'c.csv');
    writeFileSync(file, text);
    const options = parseInputOptions('candles', timeframe, {});
    const out = { ts: [] as bigint[], reasons: [] as string[] };
    for await (const block of candleBlocks(
      inputOf(file, undefined),
      options,
      Readable.from([]),
      (date) => (date === '2020-01-03' ? 7n : undefined),
    )) {
      out.ts.push(...block.batch.ts);
      out.reasons.push(...block.rejected.map((rejected) => rejected.reason.split(':')[0]!));
    }
    return out;
  };

  test('a candle whose high lies below its close is rejected', async () => {
    expect(
      await read(
        `${header}\nA,2020-01-03T10:00Z,1,2,0.5,3,1\nA,2020-01-03T10:01Z,1,2,0.5,2,1\n`,
        '1m',
      ),
    ).toMatchObject({ reasons: ['bad_ohlc'], ts: [1578045660000000000n] });
  });

  test('a daily candle may give its date alone', async () => {
    expect(
      await read(`${header}\nA,2020-01-03,1,2,0.5,2,1\nA,2020-01-04,1,2,0.5,2,1\n`, '1d'),
    ).toEqual({ ts: [7n], reasons: ['no_session'] });
  });
});
