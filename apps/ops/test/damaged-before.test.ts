import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Manifest } from '@tb/history';
import { layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { archive } from '../src/history/archive.ts';
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
