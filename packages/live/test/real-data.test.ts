import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import type { TickBatch } from '@tb/schema';
import { Multiset, tickKeys } from '@tb/testkit';
import { type Stage, stage } from './fixture.ts';

const folder = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const available = existsSync(folder);
const withData = available ? test : test.skip;
const note = available ? '' : ` (skipped: ${folder} is not there)`;
const DATE = '2013-10-07';

/** SPY trades of one session. The column of arrival times, where there is one, is not read: rows stand in that order. */
function trades(file: string): TickBatch {
  const [header, ...lines] = gunzipSync(readFileSync(folder + file))
    .toString()
    .trimEnd()
    .split('\n');
  const names = header!.trim().split(',');
  const at = (name: string): number => names.indexOf(name);
  const [tsAt, priceAt, sizeAt] = [at('ts_utc'), at('price'), at('size')];
  const ts = new BigInt64Array(lines.length);
  const price = new Float64Array(lines.length);
  const volume = new Float64Array(lines.length);
  lines.forEach((line, row) => {
    const cells = line.split(',');
    ts[row] = BigInt(Date.parse(`${cells[tsAt]!.replace(' ', 'T')}Z`)) * 1_000_000n;
    price[row] = Number(cells[priceAt]);
    volume[row] = Number(cells[sizeAt]);
  });
  return { symbol: 'SPY', ts, price, volume };
}

async function store(at: Stage, batch: TickBatch): Promise<void> {
  const buffer = await at.open({ synchronous: 'normal', seal: { rows: 60_000, compactCount: 3 } });
  const ack = await buffer.append(batch);
  expect([ack.rows, ack.rejected]).toEqual([batch.ts.length, []]);
}

async function content(at: Stage): Promise<Multiset> {
  const reader = at.reader();
  const stop = new AbortController();
  const through = reader.snapshot().seq;
  const rows = new Multiset();
  for await (const found of reader.follow({ from: 1n, signal: stop.signal })) {
    for (const key of tickKeys({ ...found, symbol: 'SPY' })) rows.add(key);
    if (found.watermark.seq >= through) stop.abort();
  }
  return rows;
}

describe('real SPY ticks', () => {
  withData(
    `sorted and in order of arrival give the same rows and the same highs, lows and volumes${note}`,
    async () => {
      const sorted = trades('us_spy_trades_20131007.csv.gz');
      const arrived = trades('derived_spy_trades_20131007_arrival_order.csv.gz');
      await using first = stage('spy', 'xnas');
      await using second = stage('arrival', 'xnas');
      await store(first, sorted);
      await store(second, arrived);
      const expected = Multiset.of(tickKeys(sorted));
      expect(expected.size).toBe(241_020);
      expect((await content(first)).digest()).toBe(expected.digest());
      expect((await content(second)).digest()).toBe(expected.digest());
      const [a, b] = [first, second].map((at) =>
        at.reader().snapshot().candles(DATE, { forming: true }),
      );
      expect(a!.rows).toBe(391);
      expect([...b!.ts]).toEqual([...a!.ts]);
      for (const column of ['high', 'low', 'volume'] as const)
        expect([...b![column]]).toEqual([...a![column]]);
      expect(a!.ts[0]).toBe(calendarOf('xnas').sessionOf(DATE)!.open);
    },
    120_000,
  );
});
