import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Manifest } from '@tb/history';
import { layoutOf, type StoredTimeframe } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { archive } from '../src/history/archive.ts';
import { refreshMonths } from '../src/history/refresh-months.ts';
import { bagOf, MarketRoot, type Row } from './market-root.ts';

const [BEFORE, DATE] = ['2025-02-03', '2025-02-04'];

const rowsOf = (date: string): Row[] =>
  Array.from({ length: 50 }, (_value, at) => ({
    symbol: 'AAA',
    ms: Date.parse(`${date}T03:45:00Z`) + at * 20_000,
    price: 100 + at / 4,
    volume: 1 + at,
  }));

/** Changes one byte of a published file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[20_000] = (bytes[20_000] ?? 0) ^ 0xff;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

test('regress-6-damaged-before: a damaged file of the session before keeps no other date back from a rollover, unless its symbols are demanded, nor from the archive', async () => {
  using root = tempRoot('before');
  const market = await MarketRoot.create(root.at('data'));
  await market.append(rowsOf(BEFORE));
  await market.rollover();
  damage(join(market.path, `market_data/nse/ticks/${BEFORE}.duckdb`));
  await market.append(rowsOf(DATE));
  await expect(market.rollover({ strictSymbols: true })).rejects.toMatchObject({
    code: 'DAY_FILE_CORRUPT',
  });
  const { dates } = await market.rollover();
  expect(dates).toEqual([
    expect.objectContaining({
      date: DATE,
      status: 'promoted',
      findings: [expect.objectContaining({ gate: 'symbols_present', ok: false })],
    }),
  ]);
  expect(await market.ticks(DATE)).toBe(bagOf(rowsOf(DATE)));

  const layout = layoutOf(market.path);
  const tools = { layout, signal: new AbortController().signal, waitMs: 10_000 };
  await expect(archive({ today: '2026-01-01', minuteDays: 9999 }, tools)).rejects.toMatchObject({
    code: 'DAY_FILE_CORRUPT',
  });
  using manifest = Manifest.openReader(layout);
  const tiersOf = (date: string): unknown[] =>
    manifest
      .snapshot()
      .revisionsOf('nse', date)
      .filter(({ kind }) => kind === 'ticks')
      .map(({ tier }) => tier);
  expect([tiersOf(BEFORE), tiersOf(DATE)]).toEqual([['hot'], ['archive']]);
}, 120_000);

test('regress-6-damaged-before: a damaged day keeps back its own month of its own timeframe, and no other', async () => {
  using root = tempRoot('months');
  const market = await MarketRoot.create(root.at('data'));
  for (const date of ['2025-01-06', '2025-01-07', BEFORE, DATE]) await market.append(rowsOf(date));
  await market.rollover();
  damage(join(market.path, 'market_data/nse/candles/1m/2025-01-06.duckdb'));
  const layout = layoutOf(market.path);
  const signal = new AbortController().signal;
  await expect(refreshMonths('nse', { layout, signal, waitMs: 10_000 })).rejects.toMatchObject({
    code: 'DAY_FILE_CORRUPT',
  });
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const builtOf = (timeframe: StoredTimeframe): readonly string[] =>
    snapshot.months('nse', timeframe).map(({ month }) => month);
  expect(builtOf('1m')).toEqual(['2025-02']);
  for (const timeframe of ['5m', '15m', '1h', '1d'] as const)
    expect(builtOf(timeframe)).toEqual(['2025-01', '2025-02']);
}, 120_000);
