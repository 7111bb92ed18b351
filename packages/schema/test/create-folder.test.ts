import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFolder, createFolderSync } from '@tb/schema';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tb-create-folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Both forms, as promises. */
const forms = [
  ['createFolder', createFolder],
  ['createFolderSync', async (path: string) => createFolderSync(path)],
] as const;

describe.each(forms)('%s', (_name, create) => {
  test('makes what is missing, and says what it made first', async () => {
    const path = join(root, 'a/b/c');
    expect(await create(path)).toBe(join(root, 'a'));
    expect(statSync(path).isDirectory()).toBe(true);
    expect(await create(path)).toBeUndefined();
    expect(await create(join(root, 'a/d'))).toBe(join(root, 'a/d'));
  });

  test('regress-8-reason-of-mkdir: throws what the system says, where Node says that nothing is there', async () => {
    const path = join(root, 'link');
    symlinkSync(join(root, 'nowhere'), path); // A full or a read-only disk wants root: `pnpm faults limits live-writer`.
    const error = await create(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ path, code: expect.not.stringMatching('ENOENT') });
  });

  test('a file on the way is told as one', async () => {
    mkdirSync(join(root, 'a'));
    symlinkSync('/dev/null', join(root, 'a/file'));
    await expect(create(join(root, 'a/file/b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
