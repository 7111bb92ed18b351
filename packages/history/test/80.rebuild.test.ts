import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  archiveFile,
  checkManifest,
  type FileEntry,
  Manifest,
  pruneRevisions,
  publishArchive,
  publishFiles,
  quarantineFile,
  rebuildManifest,
  sweepGarbage,
  verifyCorrectionChain,
} from '@tb/history';
import { openSqlite } from '@tb/locks';
import { Market } from './market.ts';

const DATES = ['2026-02-02', '2026-02-03'] as const;
const later = (): bigint => BigInt(Date.now() + 61_000) * 1_000_000n;

/** Two dates with ticks and candles, the first corrected and its ticks archived, and a symbol without rows. */
async function richMarket(): Promise<Market> {
  const market = await Market.open();
  await market.symbols(3, DATES[0]);
  for (const date of DATES) {
    await market.ticks('ticks', date, 3);
    await market.publish(await market.build(date, { source: { ticks: 'FROM ticks' } }));
  }
  await market.ticks('ticks', DATES[0], 3);
  const source = { ticks: 'SELECT * REPLACE (volume + 1 AS volume) FROM ticks' };
  const corrected = await market.build(DATES[0], { source, revision: 2 });
  await using writer = await market.writer('later', later);
  const correction = { who: 'w', why: 'y', rowsAdded: 0, rowsRemoved: 0, rowsChanged: 4500 };
  await publishFiles(writer, corrected.files, { correction });
  const [ticks] = writer.snapshot().find({ exchange: 'nse', kind: 'ticks' });
  await publishArchive(
    writer,
    await archiveFile(market.duck.connection, market.layout, ticks as FileEntry),
  );
  await writer.sidsOf('nse', ['UNUSED'], DATES[0]);
  await writer.close();
  await using sweeper = await market.writer('later', () => later() + 61_000_000_000n);
  expect(sweepGarbage(sweeper)).toHaveLength(1);
  return market;
}

/** What of a manifest can be known from the files. */
function knowledge(market: Market): unknown {
  using manifest = Manifest.openReader(market.layout);
  const snapshot = manifest.snapshot();
  return {
    files: DATES.flatMap((date) => snapshot.revisionsOf('nse', date)).map(
      ({ version: _v, publishedAt: _p, correctionId: _c, ...rest }) => rest,
    ),
    symbols: [...snapshot.symbols('nse').entries()].filter(([, symbol]) => symbol !== 'UNUSED'),
  };
}

const rebuild = (market: Market) =>
  rebuildManifest(market.duck.connection, { layout: market.layout, purpose: 'rebuild' });

describe('rebuilding the manifest', () => {
  test('from files alone: the same files, symbols and contents; a higher version', async () => {
    await using market = await richMarket();
    const before = knowledge(market);
    using reader = Manifest.openReader(market.layout);
    const { version } = reader.snapshot();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(`${market.layout.manifest}${suffix}`, { force: true });
    const result = await rebuild(market);
    expect(result).toMatchObject({
      files: 18,
      symbols: 3,
      oldManifest: undefined,
      tookOver: false,
    });
    expect(knowledge(market)).toEqual(before);
    // A reader that had the lost file open notices, and its watermark does not go back.
    const after = reader.snapshot();
    expect(after.version).toBe(result.version);
    expect(after.version).toBeGreaterThan(version);
    expect(await checkManifest(market.layout, after, { full: true })).toEqual([]);
    await using writer = await market.writer();
    expect((await writer.sidsOf('nse', ['NEXT'], DATES[0])).get('NEXT')).toBe(4);
  });

  test('regress-6-pruned-on-disk: a pruned file that waits to be removed stays pruned, and is no second file of its date', async () => {
    await using market = await richMarket();
    {
      await using writer = await market.writer('later', later);
      const ticks = writer.snapshot().revisionsOf('nse', DATES[0])[0] as FileEntry;
      expect([ticks.kind, ticks.revision]).toEqual(['ticks', 1]);
      await publishArchive(writer, await archiveFile(market.duck.connection, market.layout, ticks));
      expect(pruneRevisions(writer, { exchange: 'nse', keepDays: 0 })).not.toEqual([]);
    }
    const before = knowledge(market);
    expect(await rebuild(market)).toMatchObject({ tookOver: true });
    expect(knowledge(market)).toEqual(before);
    await using sweeper = await market.writer('later', () => later() + 61_000_000_000n);
    expect(sweepGarbage(sweeper)).not.toEqual([]);
    expect(await checkManifest(market.layout, sweeper.snapshot(), { full: true })).toEqual([]);
  });

  test('from a damaged manifest: the old one goes to quarantine', async () => {
    await using market = await richMarket();
    const before = knowledge(market);
    rmSync(`${market.layout.manifest}-wal`, { force: true });
    writeFileSync(market.layout.manifest, readFileSync(market.layout.manifest).fill(0xee, 0, 4096));
    expect(() => Manifest.openReader(market.layout)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_CORRUPT' }),
    );
    const result = await rebuild(market);
    expect(result.tookOver).toBe(false);
    expect(existsSync(result.oldManifest ?? '')).toBe(true);
    expect(knowledge(market)).toEqual(before);
  });

  test('from a readable manifest: reasons, times, unused symbols stay; rows that were lost come back', async () => {
    await using market = await richMarket();
    const before = knowledge(market);
    using reader = Manifest.openReader(market.layout);
    const old = reader.snapshot();
    const db = openSqlite(market.layout.manifest);
    db.exec("DELETE FROM files WHERE trading_date = '2026-02-03'");
    db.close();
    const result = await rebuild(market);
    expect(result).toMatchObject({
      tookOver: true,
      files: 18,
      symbols: 4,
      version: old.version + 1,
    });
    expect(knowledge(market)).toEqual(before);
    const after = reader.snapshot();
    verifyCorrectionChain(after.corrections);
    expect(after.corrections).toEqual(old.corrections);
    expect(after.revisionsOf('nse', DATES[0])).toEqual(old.revisionsOf('nse', DATES[0]));
    expect(after.symbols('nse').sidOf('UNUSED')).toBe(4);
  });

  test('takes sids from the live buffers too, so that none is given twice', async () => {
    await using market = await richMarket();
    const { liveDb } = market.layout;
    await market.liveSymbols([[9, 'TODAY']]);
    expect(existsSync(liveDb('nse'))).toBe(true);
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(`${market.layout.manifest}${suffix}`, { force: true });
    await rebuild(market);
    await using writer = await market.writer();
    const sids = await writer.sidsOf('nse', ['TODAY', 'NEXT'], DATES[0]);
    expect([...sids]).toEqual([
      ['TODAY', 9],
      ['NEXT', 10],
    ]);
  });

  test('is refused when two sources disagree on a sid, and changes nothing', async () => {
    await using market = await richMarket();
    await market.liveSymbols([[2, 'ANOTHER']]);
    const bytes = readFileSync(market.layout.manifest);
    await expect(rebuild(market)).rejects.toMatchObject({ code: 'SID_CONFLICT' });
    expect(readFileSync(market.layout.manifest).equals(bytes)).toBe(true);
  });

  test('is refused while a file is not what its name says, and works once it is in quarantine', async () => {
    await using market = await richMarket();
    const path = 'market_data/nse/candles/5m/2026-02-03.duckdb';
    const file = market.layout.absolute(path);
    chmodSync(file, 0o644);
    copyFileSync(market.layout.absolute('market_data/nse/candles/5m/2026-02-02.duckdb'), file);
    await expect(rebuild(market)).rejects.toMatchObject({ code: 'DAY_FILE_CORRUPT' });
    writeFileSync(file, 'not a database at all');
    await expect(rebuild(market)).rejects.toMatchObject({ code: 'DAY_FILE_CORRUPT' });
    await using writer = await market.writer();
    await quarantineFile(writer, path, 'foreign file');
    await writer.close();
    const incomplete = ['nse 2026-02-03'];
    expect(await rebuild(market)).toMatchObject({ files: 17, incomplete });
  });

  test('while an archived file still has its hot copy: the archive counts', async () => {
    await using market = await richMarket();
    const writer = await market.writer();
    const [, ticks] = writer.snapshot().find({ exchange: 'nse', kind: 'ticks' });
    await publishArchive(
      writer,
      await archiveFile(market.duck.connection, market.layout, ticks as FileEntry),
    );
    await writer.close();
    const before = knowledge(market);
    expect(await rebuild(market)).toMatchObject({ files: 18, incomplete: [] });
    expect(knowledge(market)).toEqual(before);
  });

  test('waits for nobody: a writer at work is LOCK_HELD', async () => {
    await using market = await richMarket();
    await using writer = await market.writer();
    expect(writer.lock.epoch).toBeGreaterThan(0);
    await expect(rebuild(market)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });
});
