import { describe, expect, test } from '@jest/globals';
import type { BackupEntry } from '../src/backup/backup-entry.ts';
import { manifestText, parseManifest } from '../src/backup/manifest-text.ts';

const entry: BackupEntry = {
  id: 'trading-20260202T101500000Z',
  database: 'trading',
  takenAt: '2026-02-02T10:15:00.000Z',
  file: 'trading.db',
  sizeBytes: 81_920,
  sha256: 'ab'.repeat(32),
  rows: { orders: 30, trades: 12 },
  schemaVersion: '1.0.0',
  migration: 1,
  epoch: 41,
  sqliteVersion: '3.53.2',
  toolVersion: '0.1.0',
};
const text = manifestText(entry);

describe('the manifest of a backup', () => {
  test('is read back as it was written', () => {
    expect(parseManifest(text)).toEqual(entry);
  });

  test('regress-8-sealed-manifest: with any one bit changed it is refused', () => {
    const believed: string[] = [];
    for (let at = 0; at < text.length; at += 1)
      for (const bit of [1, 2, 4, 8, 16, 32, 64]) {
        const changed = String.fromCharCode(text.charCodeAt(at) ^ bit);
        const found = parseManifest(`${text.slice(0, at)}${changed}${text.slice(at + 1)}`);
        if (found !== undefined) believed.push(`${at}: ${changed}`);
      }
    expect(believed).toEqual([]);
  });

  test('says the same however it is laid out', () => {
    expect(parseManifest(JSON.stringify(JSON.parse(text)))).toEqual(entry);
  });

  test.each(['', 'null', '[]', '"x"', '{}', '7', JSON.stringify(entry), text.slice(0, -20)])(
    'refuses %j',
    (other) => {
      expect(parseManifest(other)).toBeUndefined();
    },
  );
});
