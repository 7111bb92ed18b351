import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  type BuiltFile,
  type CorrectionReason,
  checkManifest,
  countChanges,
  type HistoryErrorCode,
  initialiseMarketData,
  isHistoryError,
  Manifest,
  ManifestWriter,
  placeFiles,
  publishFiles,
  SymbolRegistry,
  verifyCorrectionChain,
} from '@tb/history';
import { openSqlite } from '@tb/locks';
import { SCHEMA_VERSION } from '@tb/schema';
import { Market } from './market.ts';

const DATES = ['2026-02-02', '2026-02-03', '2026-02-04'] as const;
const [DATE] = DATES;
const REASON: CorrectionReason = {
  ...{ who: 'nandini', why: 'vendor sent late prints' },
  ...{ rowsAdded: 1, rowsRemoved: 0, rowsChanged: 0 },
};

/** A market with 1m candles of two symbols on each date, and a table `minutes` for the first. */
async function candleMarket(dates: readonly string[]): Promise<Market> {
  const market = await Market.open();
  await market.symbols(2, DATE);
  for (const date of [...dates].reverse()) {
    await market.minutes('minutes', date, 2);
    const result = await market.build(date, { source: { candles: { '1m': 'FROM minutes' } } });
    await market.publish(result);
  }
  return market;
}

async function codeOf(body: () => unknown): Promise<HistoryErrorCode | undefined> {
  try {
    await body();
    return undefined;
  } catch (error) {
    if (!isHistoryError(error)) throw error;
    return error.code;
  }
}

describe('a new market_data', () => {
  test('is made once, with its schema version, and making it again changes nothing', async () => {
    await using market = await Market.open();
    expect(readFileSync(market.layout.schemaVersionFile, 'utf8')).toBe(`${SCHEMA_VERSION}\n`);
    expect(await initialiseMarketData({ layout: market.layout, purpose: 'test' })).toBe(0);
    using manifest = Manifest.openReader(market.layout);
    const snapshot = manifest.snapshot();
    expect(snapshot.version).toBe(0);
    expect(snapshot.exchanges()).toEqual([]);
    expect(snapshot.extent('nse', 'ticks')).toBeUndefined();
  });

  test('a record in which a text became bytes is told as a damaged manifest', async () => {
    await using market = await candleMarket([DATE]);
    const db = openSqlite(market.layout.manifest);
    db.pragma('wal_checkpoint(TRUNCATE)');
    const path = db
      .prepare("SELECT path FROM files WHERE timeframe = '1m'")
      .pluck()
      .get() as string;
    db.close();
    const bytes = readFileSync(market.layout.manifest);
    // Types of nse, candles, 1m, the date and revision 1, and of the path: 13 + 2 x length is text, one less is bytes.
    const types = Buffer.from([19, 27, 17, 33, 9, 13 + 2 * path.length]);
    const at = bytes.indexOf(types);
    expect(at).toBeGreaterThan(0);
    bytes[at + 5] = 12 + 2 * path.length;
    writeFileSync(market.layout.manifest, bytes);
    using manifest = Manifest.openReader(market.layout);
    expect(() => manifest.snapshot()).toThrow(
      expect.objectContaining({ code: 'MANIFEST_CORRUPT' }),
    );
  });

  test('without a manifest a reader says so', async () => {
    await using market = await Market.open();
    expect(() =>
      Manifest.openReader({ ...market.layout, manifest: `${market.layout.root}/no.db` }),
    ).toThrow(expect.objectContaining({ code: 'SQLITE_MISSING' }));
  });
});

describe('a snapshot', () => {
  test('has every column of a file as it was published, now and after a correction of another date', async () => {
    await using market = await candleMarket(DATES.slice(0, 2));
    const db = openSqlite(market.layout.manifest, { readonly: true });
    db.defaultSafeIntegers(true);
    const rows = () =>
      db
        .prepare('SELECT * FROM files ORDER BY path')
        .all()
        .map((row) => {
          const { changed_in: _, ...columns } = row as Record<string, unknown>;
          return Object.values(columns).map((value) => (value === null ? 'none' : String(value)));
        });
    using manifest = Manifest.openReader(market.layout);
    const seen = () =>
      DATES.flatMap((date) => manifest.snapshot().revisionsOf('nse', date))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map((file) => [
          ...[file.exchange, file.kind, file.timeframe, file.tradingDate, file.revision, file.path],
          ...[file.tier, file.rows, file.symbols, file.minTs, file.maxTs, file.sizeBytes],
          ...[file.sha256, file.contentHash, file.schemaVersion, file.sourceFingerprint],
          ...[file.writerVersion, file.duckdbVersion, file.version, file.publishedAt],
          file.correctionId,
        ])
        .map((file) => file.map((value) => String(value ?? 'none')));
    expect(seen()).toHaveLength(2 * 5);
    expect(seen()).toEqual(rows());
    await market.minutes('minutes', DATE, 2);
    const next = await market.build(DATE, {
      source: { candles: { '1m': 'FROM minutes WHERE i > 0' } },
      revision: 2,
    });
    await using writer = await market.writer();
    await publishFiles(writer, next.files, { correction: REASON });
    expect(seen()).toHaveLength(3 * 5);
    expect(seen()).toEqual(rows());
    db.close();
  });

  test('finds dates in a half-open range, in order, and stays as it was when more is published', async () => {
    await using market = await candleMarket(DATES);
    using manifest = Manifest.openReader(market.layout);
    const before = manifest.snapshot();
    expect(manifest.snapshot()).toBe(before);
    const find = (from?: string, to?: string) =>
      before
        .find({ exchange: 'nse', kind: 'candles', timeframe: '1m', from, to })
        .map((entry) => entry.tradingDate);
    expect(find()).toEqual(DATES);
    expect(find('2026-02-03')).toEqual(['2026-02-03', '2026-02-04']);
    expect(find('2026-02-02', '2026-02-04')).toEqual(['2026-02-02', '2026-02-03']);
    expect(find('2026-02-05')).toEqual([]);
    expect(before.extent('nse', 'candles', '1h')).toEqual({ first: DATES[0], last: DATES[2] });
    expect(before.isPublished('nse', DATE)).toBe(true);
    expect(before.isPublished('bse', DATE)).toBe(false);
    expect(before.symbols('nse').sidOf('S2')).toBe(2);
    expect(before.symbols('bse').sidOf('S2')).toBeUndefined();
    expect(() => before.find({ exchange: 'nse', kind: 'candles' })).toThrow(TypeError);
    await market.minutes('minutes', '2026-02-05', 2);
    await market.publish(
      await market.build('2026-02-05', { source: { candles: { '1m': 'FROM minutes' } } }),
    );
    expect(before.isPublished('nse', '2026-02-05')).toBe(false);
    const after = manifest.snapshot();
    expect(after.version).toBe(before.version + 1);
    expect(after.isPublished('nse', '2026-02-05')).toBe(true);
  });

  test('sees a symbol that was registered without a publication', async () => {
    await using market = await candleMarket([DATE]);
    using manifest = Manifest.openReader(market.layout);
    const before = manifest.snapshot();
    await using writer = await market.writer();
    const sids = await writer.sidsOf('nse', ['NEW'], DATE);
    expect(manifest.snapshot()).toBe(before);
    expect(manifest.snapshot().symbols('nse').sidOf('NEW')).toBe(sids.get('NEW'));
  });
});

describe('publishing', () => {
  test('makes all files of a date visible at one version, or none', async () => {
    await using market = await candleMarket([DATE]);
    using manifest = Manifest.openReader(market.layout);
    const files = manifest.snapshot().revisionsOf('nse', DATE);
    expect(files.map((file) => [file.timeframe, file.version, file.tier])).toEqual(
      ['1m', '5m', '15m', '1h', '1d'].map((timeframe) => [timeframe, 1, 'hot']),
    );
    await market.minutes('minutes', DATES[1], 2);
    const next = await market.build(DATES[1], { source: { candles: { '1m': 'FROM minutes' } } });
    await placeFiles(market.layout, next.files);
    await using writer = await market.writer();
    const bad = { ...(next.files[4] as BuiltFile), revision: 1, tradingDate: DATE };
    expect(await codeOf(() => writer.publish([...next.files.slice(0, 4), bad]))).toBe(
      'ALREADY_PUBLISHED',
    );
    expect(manifest.snapshot().version).toBe(1);
    expect(manifest.snapshot().isPublished('nse', DATES[1])).toBe(false);
    expect(writer.publish(next.files).version).toBe(2);
    expect(manifest.snapshot().isPublished('nse', DATES[1])).toBe(true);
  });

  test('is refused when the manifest moved since the caller looked', async () => {
    await using market = await candleMarket([DATE]);
    await market.minutes('minutes', DATES[1], 2);
    const next = await market.build(DATES[1], { source: { candles: { '1m': 'FROM minutes' } } });
    await using writer = await market.writer();
    expect(await codeOf(() => publishFiles(writer, next.files, { expectVersion: 0 }))).toBe(
      'MANIFEST_MOVED',
    );
    expect(
      await codeOf(() => publishFiles(writer, next.files, { expectVersion: 1 })),
    ).toBeUndefined();
  });

  test('is refused when a built file was replaced, or is gone', async () => {
    await using market = await candleMarket([]);
    const result = await market.candleDay(DATE);
    const [file] = result.files as [BuiltFile];
    const lie = { ...file, identity: { ...file.identity, ino: '1' } };
    expect(await codeOf(() => placeFiles(market.layout, [lie]))).toBe('BUILT_FILE_LOST');
    expect(
      await codeOf(() => placeFiles(market.layout, [{ ...file, tempPath: `${file.tempPath}x` }])),
    ).toBe('BUILT_FILE_LOST');
    await using writer = await market.writer();
    expect(await codeOf(() => writer.publish(result.files))).toBe('BUILT_FILE_LOST');
    expect(writer.snapshot().version).toBe(0);
  });

  test('never replaces a file: a final name that is taken is refused, and cleaned up only when unlisted', async () => {
    await using market = await candleMarket([DATE]);
    const again = await market.candleDay(DATE);
    expect(await codeOf(() => placeFiles(market.layout, again.files))).toBe('FILE_EXISTS');
    await using writer = await market.writer();
    expect(await codeOf(() => publishFiles(writer, again.files))).toBe('FILE_EXISTS');
    using manifest = Manifest.openReader(market.layout);
    expect(await checkManifest(market.layout, manifest.snapshot(), { full: true })).toEqual([]);
  });

  test('asks just before the commit point whether the files are still wanted: a no publishes nothing, and may be a yes later', async () => {
    await using market = await candleMarket([]);
    const { files } = await market.candleDay(DATE);
    await using writer = await market.writer();
    const steps: string[] = [];
    const assertCurrent = (): void => {
      if (steps.push('asked') < 5) throw new RangeError('not now');
    };
    const onStep = (step: string): unknown => steps.push(step);
    const publish = async () => await publishFiles(writer, files, { assertCurrent, onStep });
    await expect(publish()).rejects.toThrow('not now');
    expect(writer.snapshot().version).toBe(0);
    expect((await publish()).version).toBe(1);
    const placed = ['linked', 'unlinked', 'folders-synced', 'asked'];
    expect(steps).toEqual([...placed, ...placed, 'published']);
    expect(await checkManifest(market.layout, writer.snapshot(), { full: true })).toEqual([]);
  });

  test('finishes what a crash left between placing and publishing', async () => {
    await using market = await candleMarket([]);
    const first = await market.candleDay(DATE);
    await placeFiles(market.layout, first.files);
    const second = await market.candleDay(DATE);
    await using writer = await market.writer();
    expect((await publishFiles(writer, second.files)).version).toBe(1);
    expect(await checkManifest(market.layout, writer.snapshot(), { full: true })).toEqual([]);
    expect(market.filesOnDisk()).toEqual(second.files.map((file) => file.path).sort());
  });

  test('by a deposed writer is refused, and it cannot unlink what was published since', async () => {
    await using market = await candleMarket([]);
    const result = await market.candleDay(DATE);
    await placeFiles(market.layout, result.files);
    await using writer = await market.writer();
    const db = openSqlite(market.layout.manifest);
    db.exec('UPDATE writer_fence SET epoch = epoch + 1');
    db.close();
    expect(() => writer.removeUnlisted('nse', DATE)).toThrow(
      expect.objectContaining({ code: 'FENCED' }),
    );
    expect(() => writer.publish(result.files)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/FENCED|LOCK_LOST/) }),
    );
    expect(market.filesOnDisk()).toHaveLength(5);
    using manifest = Manifest.openReader(market.layout);
    expect(manifest.snapshot().version).toBe(0);
  });

  test('one writer at a time; the second is told who holds the lock', async () => {
    await using market = await candleMarket([]);
    await using writer = await market.writer('rollover');
    expect(writer.lock.epoch).toBeGreaterThan(0);
    await expect(
      ManifestWriter.open({ layout: market.layout, purpose: 'import' }),
    ).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  test('closing gives the lock back, twice is harmless', async () => {
    await using market = await candleMarket([]);
    const writer = await market.writer();
    await writer.close();
    await writer.close();
    await using next = await ManifestWriter.open({ layout: market.layout, purpose: 'next' });
    expect(next.lock.epoch).toBe(writer.lock.epoch + 1);
  });
});

describe('a correction', () => {
  test('needs a reason, leaves the old revision readable, and asOf sees what was known then', async () => {
    await using market = await candleMarket([DATE]);
    const corrected = await market.build(DATE, {
      source: { candles: { '1m': 'SELECT * REPLACE (volume + 1 AS volume) FROM minutes' } },
      revision: 2,
    });
    await using writer = await market.writer();
    expect(await codeOf(() => publishFiles(writer, corrected.files))).toBe('CORRECTION_REQUIRED');
    const nobody = { correction: { ...REASON, why: ' ' } };
    await expect(publishFiles(writer, corrected.files, nobody)).rejects.toThrow(TypeError);
    const { version, correction } = await publishFiles(writer, corrected.files, {
      correction: REASON,
    });
    expect(correction).toMatchObject({ id: 1, exchange: 'nse', tradingDate: DATE, who: 'nandini' });
    const snapshot = writer.snapshot();
    expect(snapshot.version).toBe(version);
    const query = { exchange: 'nse', kind: 'candles', timeframe: '1m' } as const;
    const [now] = snapshot.find(query);
    expect(now).toMatchObject({ revision: 2, correctionId: 1 });
    const [then] = snapshot.find({ ...query, asOf: (now?.publishedAt ?? 0n) - 1n });
    expect(then).toMatchObject({ revision: 1 });
    expect(then?.contentHash).not.toBe(now?.contentHash);
    expect(snapshot.find({ ...query, asOf: now?.publishedAt })).toEqual([now]);
    expect(snapshot.find({ ...query, asOf: (then?.publishedAt ?? 0n) - 1n })).toEqual([]);
    expect(snapshot.nextRevision('nse', DATE)).toBe(3);
    expect(market.filesOnDisk()).toHaveLength(10);
  });

  test('times of publication rise with the version, though the clock steps back', async () => {
    await using market = await candleMarket([DATE]);
    const result = await market.candleDay(DATES[1]);
    await using writer = await ManifestWriter.open({
      layout: market.layout,
      purpose: 'test',
      now: () => 5n,
    });
    await publishFiles(writer, result.files);
    const [first] = writer.snapshot().revisionsOf('nse', DATE);
    const [second] = writer.snapshot().revisionsOf('nse', DATES[1]);
    expect(second?.publishedAt).toBe((first?.publishedAt ?? 0n) + 1n);
  });

  test.each([
    ['why', "UPDATE corrections SET why = 'nothing happened' WHERE id = 1"],
    ['rows', 'UPDATE corrections SET rows_removed = 5 WHERE id = 2'],
    ['a hash', "UPDATE corrections SET hash = replace(hash, '0', '1') WHERE id = 1"],
    ['the first record', 'DELETE FROM corrections WHERE id = 1'],
    ['the last record', 'DELETE FROM corrections WHERE id = 3'],
  ])('a changed chain (%s) is seen', async (_what, sql) => {
    await using market = await candleMarket([DATE]);
    {
      await using writer = await market.writer();
      for (const revision of [2, 3, 4]) {
        const next = await market.build(DATE, {
          source: { candles: { '1d': 'FROM minutes WHERE i = 0' } },
          revision,
        });
        await publishFiles(writer, next.files, {
          correction: { ...REASON, why: `round ${revision}` },
        });
      }
      verifyCorrectionChain(writer.snapshot().corrections);
      expect(writer.snapshot().corrections.map((one) => one.why)).toEqual([
        'round 2',
        'round 3',
        'round 4',
      ]);
    }
    const db = openSqlite(market.layout.manifest);
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    db.close();
    using manifest = Manifest.openReader(market.layout);
    const findings = await checkManifest(market.layout, manifest.snapshot());
    expect(findings.map((one) => one.code)).toContain('CORRECTION_CHAIN_BROKEN');
  });

  test('counts rows added, removed and changed as multisets', async () => {
    await using market = await candleMarket([DATE]);
    const changes = await countChanges(
      market.duck.connection,
      'candles',
      'minutes',
      `(SELECT sid, ts, open, high, low, close, if(i = 3, volume + 1, volume) AS volume FROM minutes WHERE i <> 7
        UNION ALL SELECT sid, make_timestamp_ns(epoch_ns(ts) + 86400000000000), open, high, low, close, volume FROM minutes WHERE i < 2)`,
    );
    expect(changes).toEqual({ rowsAdded: 4, rowsRemoved: 2, rowsChanged: 2 });
  });
});

describe('sids', () => {
  test('are given once, globally, and never change', async () => {
    await using market = await Market.open();
    using registry = SymbolRegistry.open({ layout: market.layout, waitMs: 1000 });
    const nse = await registry.sidsOf('nse', ['A', 'B', 'A'], DATE);
    expect([...nse]).toEqual([
      ['A', 1],
      ['B', 2],
    ]);
    expect([...(await registry.sidsOf('bse', ['B'], DATE))]).toEqual([['B', 3]]);
    expect([...(await registry.sidsOf('nse', ['C', 'B'], DATES[1]))]).toEqual([
      ['C', 4],
      ['B', 2],
    ]);
    await expect(registry.sidsOf('nse', [' A'], DATE)).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  test('of known symbols need no lock', async () => {
    await using market = await candleMarket([]);
    await using writer = await market.writer();
    expect(writer.lock.epoch).toBeGreaterThan(0);
    using registry = SymbolRegistry.open({ layout: market.layout });
    expect([...(await registry.sidsOf('nse', ['S2'], DATE))]).toEqual([['S2', 2]]);
    await expect(registry.sidsOf('nse', ['S3'], DATE)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  test('asked for by many at once are the same for all', async () => {
    await using market = await Market.open();
    const registries = Array.from({ length: 4 }, () =>
      SymbolRegistry.open({ layout: market.layout, waitMs: 5000 }),
    );
    const names = Array.from({ length: 20 }, (_, i) => `N${i}`);
    const answers: ReadonlyMap<string, number>[] = [];
    for (const registry of registries) answers.push(await registry.sidsOf('nse', names, DATE));
    for (const registry of registries) registry.close();
    expect(new Set(answers.map((one) => JSON.stringify([...one]))).size).toBe(1);
    expect(new Set(answers[0]?.values()).size).toBe(20);
  });
});
