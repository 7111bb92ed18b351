import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashFile, sealFile, syncFolder } from '@tb/schema';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tb-seal-file-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A file of random bytes, and their sha256 by one call over all of them. */
function fileOf(bytes: number): { readonly path: string; readonly sha256: string } {
  const contents = randomBytes(bytes);
  const path = join(root, `${bytes}`);
  writeFileSync(path, contents);
  return { path, sha256: createHash('sha256').update(contents).digest('hex') };
}

const MIB = 1 << 20;

describe('hashFile', () => {
  test.each([0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 17])(
    'every byte of %d, in their order',
    async (bytes) => {
      const { path, sha256 } = fileOf(bytes);
      const hashed = await hashFile(path);
      expect(hashed).toMatchObject({ sha256, sizeBytes: bytes });
      expect(hashed.stats.ino).toBe(statSync(path, { bigint: true }).ino);
    },
  );

  test('throws what the system says', async () => {
    await expect(hashFile(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(hashFile(root)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('sealFile', () => {
  test('hashes, protects and syncs, in this order', async () => {
    const { path, sha256 } = fileOf(2 * MIB + 5);
    const steps: string[] = [];
    const sealed = await sealFile(path, (step) => steps.push(step));
    expect(sealed).toMatchObject({ sha256, sizeBytes: 2 * MIB + 5 });
    expect(steps).toEqual(['hashed', 'protected', 'synced']);
    expect(statSync(path).mode & 0o777).toBe(0o444);
    expect(sealed.stats.ctimeNs).toBe(statSync(path, { bigint: true }).ctimeNs);
  });
});

test('syncFolder throws where there is no folder', async () => {
  await syncFolder(root);
  await expect(syncFolder(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
