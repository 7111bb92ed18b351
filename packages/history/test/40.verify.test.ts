import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  attachSql,
  checkManifest,
  type FileEntry,
  FileVerifier,
  Manifest,
  quarantineFile,
  verifyFile,
} from '@tb/history';
import { Market } from './market.ts';

const DATES = ['2026-02-02', '2026-02-03'] as const;

describe('a published file', () => {
  let market: Market;
  let entry: FileEntry;
  let other: FileEntry;
  let path: string;
  let original: Buffer;
  beforeAll(async () => {
    market = await Market.open();
    await market.symbols(2, DATES[0]);
    for (const date of DATES) await market.publish(await market.candleDay(date));
    using manifest = Manifest.openReader(market.layout);
    const found = manifest.snapshot().find({ exchange: 'nse', kind: 'candles', timeframe: '1m' });
    [entry, other] = found as [FileEntry, FileEntry];
    path = market.layout.absolute(entry.path);
    original = readFileSync(path);
  });
  afterAll(async () => await market[Symbol.asyncDispose]());
  beforeEach(() => {
    rmSync(path, { force: true });
    writeFileSync(path, original, { mode: 0o444 });
    rmSync(`${path}.wal`, { force: true });
  });

  const block = 65536;
  const change = (body: (bytes: Buffer) => Buffer | undefined): void => {
    chmodSync(path, 0o644);
    const bytes = Buffer.from(original);
    writeFileSync(path, body(bytes) ?? bytes);
  };
  const damages: [string, string, () => void][] = [
    [
      'one bit changed in the header',
      'DAY_FILE_CORRUPT',
      () => change((bytes) => void bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9)),
    ],
    [
      'one bit changed in the last block',
      'DAY_FILE_CORRUPT',
      () =>
        change(
          (bytes) => void bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9),
        ),
    ],
    [
      'two blocks swapped',
      'DAY_FILE_CORRUPT',
      () =>
        change((bytes) => {
          const at = 3 * 4096;
          const first = Buffer.from(bytes.subarray(at, at + block));
          bytes.copy(bytes, at, at + block, at + 2 * block);
          first.copy(bytes, at + block);
        }),
    ],
    [
      'truncated by a byte',
      'DAY_FILE_CORRUPT',
      () => change((bytes) => bytes.subarray(0, bytes.length - 1)),
    ],
    [
      'truncated to a block',
      'DAY_FILE_CORRUPT',
      () => {
        chmodSync(path, 0o644);
        truncateSync(path, block);
      },
    ],
    [
      'emptied',
      'DAY_FILE_CORRUPT',
      () => {
        chmodSync(path, 0o644);
        truncateSync(path, 0);
      },
    ],
    [
      'a byte appended',
      'DAY_FILE_CORRUPT',
      () => change((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    ],
    [
      'the file of another date',
      'DAY_FILE_CORRUPT',
      () => {
        rmSync(path);
        copyFileSync(market.layout.absolute(other.path), path);
      },
    ],
    [
      'a foreign file of the same size',
      'DAY_FILE_CORRUPT',
      () => change((bytes) => Buffer.from('SQLite format 3\0'.padEnd(bytes.length, 'x'))),
    ],
    [
      'a log beside it',
      'DAY_FILE_CORRUPT',
      () => writeFileSync(`${path}.wal`, 'rows of somebody else'),
    ],
    [
      'a folder in its place',
      'DAY_FILE_CORRUPT',
      () => {
        rmSync(path);
        symlinkSync(market.layout.root, path);
      },
    ],
    ['deleted', 'DAY_FILE_MISSING', () => rmSync(path)],
  ];

  test('untouched, is verified', async () => {
    await verifyFile(market.layout, entry);
    await new FileVerifier({ layout: market.layout }).verify(entry);
    expect(await checkManifest(market.layout, snapshot(), { full: true })).toEqual([]);
  });

  const snapshot = () => {
    using manifest = Manifest.openReader(market.layout);
    return manifest.snapshot();
  };

  test.each(damages)(
    '%s: %s before any query, and other dates keep working',
    async (_what, code, damage) => {
      damage();
      await expect(verifyFile(market.layout, entry)).rejects.toMatchObject({ code });
      const verifier = new FileVerifier({ layout: market.layout });
      await expect(verifier.verify(entry)).rejects.toMatchObject({ code });
      await expect(verifier.verify(entry)).rejects.toMatchObject({ code });
      await verifier.verify(other);
      const findings = await checkManifest(market.layout, snapshot(), { full: true });
      expect(findings).toEqual([expect.objectContaining({ code, path: entry.path })]);
    },
  );

  test('damaged after it was verified, is verified again and refused', async () => {
    const verifier = new FileVerifier({ layout: market.layout });
    await verifier.verify(entry);
    change((bytes) => void bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000));
    await expect(verifier.verify(entry)).rejects.toMatchObject({ code: 'DAY_FILE_CORRUPT' });
  });

  test('damaged with its time put back, is still noticed by its change time', async () => {
    const verifier = new FileVerifier({ layout: market.layout });
    await verifier.verify(entry);
    const { atime, mtime } = statSync(path);
    change((bytes) => void bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000));
    utimesSync(path, atime, mtime);
    await expect(verifier.verify(entry)).rejects.toMatchObject({ code: 'DAY_FILE_CORRUPT' });
  });

  test('vouched for by the publisher, is trusted for a day while its identity is the same', async () => {
    using manifest = Manifest.openReader(market.layout);
    const row = manifest.findVerified(other.path);
    expect(row?.sha256).toBe(other.sha256);
    let asked = 0;
    const verifierAt = (now: bigint, wrong: string) =>
      new FileVerifier({
        layout: market.layout,
        now: () => now,
        findVerified: (at) => {
          asked += 1;
          // A sha256 that no file has: only trust in the row can let it pass.
          const found = manifest.findVerified(at);
          return found && { ...found, sha256: wrong };
        },
      });
    const wrong = { ...other, sha256: 'f'.repeat(64) };
    const at = row?.at ?? 0n;
    await verifierAt(at + 1n, wrong.sha256).verify(wrong);
    expect(asked).toBe(1);
    const day = 86_400_000_000_000n;
    await expect(verifierAt(at + day, wrong.sha256).verify(wrong)).rejects.toMatchObject({
      code: 'DAY_FILE_CORRUPT',
    });
    const copy = market.layout.absolute(other.path);
    renameSync(copy, `${copy}.old`);
    copyFileSync(`${copy}.old`, copy);
    await expect(verifierAt(at + 1n, wrong.sha256).verify(wrong)).rejects.toMatchObject({
      code: 'DAY_FILE_CORRUPT',
    });
    rmSync(copy);
    renameSync(`${copy}.old`, copy);
  });

  test('that is corrupt goes to quarantine with its reason, and comes back by being put back', async () => {
    change((bytes) => void bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000));
    await using writer = await market.writer();
    const { to } = await quarantineFile(writer, entry.path, 'sha256 differs');
    expect(existsSync(path)).toBe(false);
    expect(
      JSON.parse(readFileSync(join(market.layout.root, `${to}.reason.json`), 'utf8')),
    ).toMatchObject({
      path: entry.path,
      reason: 'sha256 differs',
    });
    await expect(verifyFile(market.layout, entry)).rejects.toMatchObject({
      code: 'DAY_FILE_MISSING',
    });
    writeFileSync(path, original, { mode: 0o444 });
    await verifyFile(market.layout, entry);
  });

  test('is attached by a statement that asks for no extension', async () => {
    change((bytes) => Buffer.from('SQLite format 3\0'.padEnd(bytes.length, 'x')));
    await expect(
      market.duck.connection.run(attachSql(market.layout, entry, 'foreign_file')),
    ).rejects.toThrow(/not a valid DuckDB/);
  });
});
