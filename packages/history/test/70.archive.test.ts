import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  archiveFile,
  archiveRelation,
  checkManifest,
  type FileEntry,
  filesToArchive,
  Manifest,
  type ManifestSnapshot,
  profileOf,
  prunableRevisions,
  pruneRevisions,
  publishArchive,
  publishFiles,
  readCoverage,
  sweepGarbage,
} from '@tb/history';
import { litterOf } from '@tb/testkit';
import { Market } from './market.ts';

const DATE = '2026-02-02';
const later = (): bigint => BigInt(Date.now() + 61_000) * 1_000_000n;

function snapshotOf(market: Market): ManifestSnapshot {
  using manifest = Manifest.openReader(market.layout);
  return manifest.snapshot();
}

async function tickMarket(): Promise<{ market: Market; ticks: FileEntry }> {
  const market = await Market.open();
  await market.symbols(3, DATE);
  await market.ticks('ticks', DATE, 3);
  const coverage = [{ source: "feed 'a'", ...market.range(DATE) }];
  await market.publish(await market.build(DATE, { source: { ticks: 'FROM ticks' }, coverage }));
  const [ticks] = snapshotOf(market).find({ exchange: 'nse', kind: 'ticks' });
  return { market, ticks: ticks as FileEntry };
}

describe('the archive', () => {
  test('holds the same rows in the same order, readable without us, and replaces the hot file in the manifest', async () => {
    const { market, ticks } = await tickMarket();
    await using _ = market;
    const { connection } = market.duck;
    const built = await archiveFile(connection, market.layout, ticks);
    await using writer = await market.writer();
    const version = await publishArchive(writer, built);
    const [moved] = snapshotOf(market).find({ exchange: 'nse', kind: 'ticks' });
    expect(moved).toMatchObject({
      tier: 'archive',
      path: 'market_data/archive/exchange=nse/kind=ticks/date=2026-02-02/r1.parquet',
      contentHash: ticks.contentHash,
      rows: ticks.rows,
    });
    expect(snapshotOf(market).version).toBe(version);
    const path = market.layout.absolute(moved?.path ?? '');
    const profile = await profileOf(connection, 'ticks', archiveRelation(path, 'ticks'));
    expect(profile.contentHash).toBe(ticks.contentHash);
    const glob = `${market.layout.absolute('market_data/archive')}/*/*/*/*.parquet`;
    const rows = await market.rows(
      `SELECT symbol, count(*)::INTEGER AS n, min(ts_ns) AS first, min(exchange) AS exchange, min(date)::VARCHAR AS date
       FROM read_parquet('${glob}', hive_partitioning = true) GROUP BY symbol ORDER BY symbol`,
    );
    const { open } = market.session(DATE);
    expect(rows).toEqual(
      ['S1', 'S2', 'S3'].map((symbol) => ({
        symbol,
        n: 1500,
        first: open,
        exchange: 'nse',
        date: DATE,
      })),
    );
    const [codec] = await market.rows(
      `SELECT DISTINCT compression FROM parquet_metadata('${path}')`,
    );
    expect(codec).toEqual({ compression: 'ZSTD' });
    expect(await readCoverage(connection, market.layout, moved as FileEntry, '')).toEqual([
      { source: "feed 'a'", ...market.range(DATE) },
    ]);
    expect(await checkManifest(market.layout, snapshotOf(market), { full: true })).toEqual([
      expect.objectContaining({ code: 'UNLISTED_FILE', path: ticks.path }),
    ]);
  });

  test('keeps the hot file for a minute, then it goes', async () => {
    const { market, ticks } = await tickMarket();
    await using _ = market;
    {
      await using writer = await market.writer();
      await publishArchive(writer, await archiveFile(market.duck.connection, market.layout, ticks));
      expect(sweepGarbage(writer)).toEqual([]);
      expect(existsSync(market.layout.absolute(ticks.path))).toBe(true);
    }
    await using writer = await market.writer('later', later);
    expect(sweepGarbage(writer)).toEqual([ticks.path]);
    expect(await checkManifest(market.layout, snapshotOf(market), { full: true })).toEqual([]);
  });

  test('is made again after a crash between placing and publishing, and never from a row that moved', async () => {
    const { market, ticks } = await tickMarket();
    await using _ = market;
    const first = await archiveFile(market.duck.connection, market.layout, ticks);
    await using writer = await market.writer();
    await expect(
      publishArchive(writer, { ...first, hotSha256: '0'.repeat(64) }),
    ).rejects.toMatchObject({ code: 'MANIFEST_MOVED' });
    expect(existsSync(market.layout.absolute(first.path))).toBe(true); // placed, not published
    const second = await archiveFile(market.duck.connection, market.layout, ticks);
    await publishArchive(writer, second);
    expect(snapshotOf(market).find({ exchange: 'nse', kind: 'ticks' })[0]).toMatchObject({
      tier: 'archive',
      sha256: second.sha256,
    });
  });

  test('regress-6-two-revisions: two revisions of a date are archived in one go, and leave no temporary file', async () => {
    const { market, ticks } = await tickMarket();
    await using _ = market;
    const source = { ticks: 'SELECT * REPLACE (volume + 1 AS volume) FROM ticks' };
    const corrected = await market.build(DATE, { source, revision: 2 });
    await using writer = await market.writer('later', later);
    const correction = { who: 'w', why: 'y', rowsAdded: 0, rowsRemoved: 0, rowsChanged: 4500 };
    await publishFiles(writer, corrected.files, { correction });
    const both = writer
      .snapshot()
      .revisionsOf('nse', DATE)
      .filter(({ kind }) => kind === 'ticks');
    expect(both.map(({ revision }) => revision)).toEqual([1, 2]);
    // The second one is built before the first one has its name; one that was killed goes.
    await archiveFile(market.duck.connection, market.layout, ticks);
    const built = [];
    for (const one of both)
      built.push(await archiveFile(market.duck.connection, market.layout, one));
    for (const one of built) await publishArchive(writer, one);
    const tiers = writer
      .snapshot()
      .revisionsOf('nse', DATE)
      .map(({ kind, tier }) => [kind, tier]);
    expect(tiers.filter(([kind]) => kind === 'ticks')).toEqual(Array(2).fill(['ticks', 'archive']));
    expect(litterOf(market.layout.root)).toEqual([]);
  });

  test('is refused for a hot file that is damaged', async () => {
    const { market, ticks } = await tickMarket();
    await using _ = market;
    const lie = { ...ticks, sha256: '0'.repeat(64) };
    await expect(archiveFile(market.duck.connection, market.layout, lie)).rejects.toMatchObject({
      code: 'DAY_FILE_CORRUPT',
    });
  });

  test('takes ticks after 90 days and 1m candles after a year; wider candles stay hot', async () => {
    const { market } = await tickMarket();
    await using _ = market;
    const rule = (today: string, extra = {}) =>
      filesToArchive(snapshotOf(market), { exchange: 'nse', today, ...extra }).map(
        (one) => one.timeframe || 'ticks',
      );
    expect(rule('2026-05-03')).toEqual([]);
    expect(rule('2026-05-04')).toEqual(['ticks']);
    expect(rule('2027-02-03')).toEqual(['ticks', '1m']);
    expect(rule('2026-02-04', { tickDays: 1, minuteDays: 30 })).toEqual(['ticks']);
  });
});

describe('pruning', () => {
  test('removes superseded revisions by the rule, keeps their records, and never the newest', async () => {
    const { market } = await tickMarket();
    await using _ = market;
    const correction = { who: 'w', why: 'y', rowsAdded: 0, rowsRemoved: 0, rowsChanged: 1 };
    const source = { ticks: 'SELECT * REPLACE (volume + 1 AS volume) FROM ticks' };
    await using writer = await market.writer('later', later);
    await publishFiles(writer, (await market.build(DATE, { source, revision: 2 })).files, {
      correction,
    });
    const day = 86_400_000_000_000n;
    const now = later();
    const snapshot = snapshotOf(market);
    const old = snapshot.revisionsOf('nse', DATE).filter((one) => one.revision === 1);
    expect(prunableRevisions(snapshot, { exchange: 'nse', now: now + 89n * day })).toEqual([]);
    expect(prunableRevisions(snapshot, { exchange: 'nse', now: now + 91n * day })).toEqual(old);
    const pinned = new Set([old[0]?.path ?? '']);
    expect(prunableRevisions(snapshot, { exchange: 'nse', now: now + 91n * day, pinned })).toEqual(
      old.slice(1),
    );

    expect(pruneRevisions(writer, { exchange: 'nse', keepDays: 0 })).toEqual(old);
    expect(pruneRevisions(writer, { exchange: 'nse', keepDays: 0 })).toEqual([]);
    const after = snapshotOf(market);
    expect(
      after
        .revisionsOf('nse', DATE)
        .map((one) => one.tier)
        .sort(),
    ).toEqual([...Array(6).fill('hot'), ...Array(6).fill('pruned')]);
    const query = { exchange: 'nse', kind: 'ticks' } as const;
    expect(after.find(query)[0]).toMatchObject({ revision: 2, tier: 'hot' });
    const asOf = old[0]?.publishedAt;
    expect(() => after.find({ ...query, asOf })).toThrow(
      expect.objectContaining({ code: 'REVISION_PRUNED' }),
    );
    await writer.close();
    await using sweeper = await market.writer('later', () => later() + 61_000_000_000n);
    expect([...sweepGarbage(sweeper)].sort()).toEqual(old.map((one) => one.path).sort());
    expect(await checkManifest(market.layout, snapshotOf(market), { full: true })).toEqual([]);
  });
});
