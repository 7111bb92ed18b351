import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type LockError, openSqlite, translateSqliteError } from '@tb/locks';
import { canActAsOther, tempRoot } from '@tb/testkit';
import { loadChecked } from '../src/native-module.ts';
import { thrown } from './place.ts';

const asOther =
  canActAsOther() && spawnSync('setpriv', ['--version']).status === 0 ? test : test.skip;

describe('openSqlite', () => {
  test('creates a file, opens it again read-only, and the engine refuses to write then', () => {
    using root = tempRoot();
    const db = openSqlite(root.at('a.db'));
    db.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    db.close();
    const readonly = openSqlite(root.at('a.db'), { readonly: true });
    expect(readonly.prepare('SELECT x FROM t').pluck().all()).toEqual([1]);
    expect(thrown(() => readonly.exec('INSERT INTO t VALUES (2)'))).toMatchObject({
      code: 'SQLITE_READONLY',
    });
    readonly.close();
  });

  test('a missing file is not made when it must exist, nor for a reader', () => {
    using root = tempRoot();
    for (const options of [{ mustExist: true }, { readonly: true }])
      expect(thrown(() => openSqlite(root.at('a.db'), options))).toMatchObject({
        code: 'SQLITE_MISSING',
      });
    expect(thrown(() => openSqlite(root.at('absent/a.db')))).toMatchObject({
      code: 'SQLITE_MISSING',
      message: `${root.at('absent/a.db')}: its folder does not exist`,
    });
  });

  test('a file that is no database, and a damaged one, are unreadable at once', () => {
    using root = tempRoot();
    writeFileSync(root.at('text.db'), 'not a database, whatever its name says '.repeat(100));
    expect(thrown(() => openSqlite(root.at('text.db')))).toMatchObject({
      code: 'SQLITE_UNREADABLE',
      message: `${root.at('text.db')}: SQLITE_NOTADB`,
      retryable: false,
    });
    const db = openSqlite(root.at('cut.db'));
    db.exec('CREATE TABLE t (x)');
    db.close();
    truncateSync(root.at('cut.db'), 50);
    expect(thrown(() => openSqlite(root.at('cut.db')))).toMatchObject({
      code: 'SQLITE_UNREADABLE',
    });
  });

  test('a database that stays locked is busy, and worth another try', () => {
    using root = tempRoot();
    const db = openSqlite(root.at('a.db'));
    db.exec('CREATE TABLE t (x); BEGIN EXCLUSIVE');
    expect(thrown(() => openSqlite(root.at('a.db'), { timeoutMs: 0 }))).toMatchObject({
      code: 'SQLITE_BUSY',
      retryable: true,
    });
    db.close();
  });

  test('a folder in place of the file is denied', () => {
    using root = tempRoot();
    mkdirSync(root.at('folder.db'));
    expect(thrown(() => openSqlite(root.at('folder.db')))).toMatchObject({ code: 'SQLITE_DENIED' });
  });

  asOther('a file of another user is denied (needs root)', () => {
    using root = tempRoot();
    openSqlite(root.at('a.db')).close();
    chmodSync(root.at('a.db'), 0o600);
    chmodSync(root.path, 0o755);
    const script = `import { openSqlite } from '@tb/locks';
      try { openSqlite(process.argv[1]) } catch (error) { console.log(error.code) }`;
    const out = spawnSync(
      'setpriv',
      [
        ...['--reuid', '65534', '--regid', '65534', '--clear-groups'],
        ...[process.execPath, '--input-type=module', '-e', script, root.at('a.db')],
      ],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) },
    );
    expect(out.stdout).toBe('SQLITE_DENIED\n');
  });

  test('an empty path, and one that SQLite would trim, are the caller’s mistake', () => {
    for (const path of ['', ' a.db', 'a.db '])
      expect(thrown(() => openSqlite(path)).name).toBe('TypeError');
  });

  test('an I/O error of the disk is no damage of the file: the hint is to run again, not to move it', () => {
    const error = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' });
    const translated = translateSqliteError(error, '/x/a.db') as LockError;
    expect(translated).toMatchObject({ code: 'SQLITE_IO', cause: error });
    expect(translated.hint).toMatch(/Run the command again/);
    expect(translated.hint).not.toMatch(/quarantine/);
  });

  test('errors that are not about the file pass as they are', () => {
    const error = Object.assign(new Error('no such table'), { code: 'SQLITE_ERROR' });
    expect(translateSqliteError(error, '/x/a.db')).toBe(error);
  });
});

describe('the native module', () => {
  class Fake {
    close(): void {}
  }
  const works = (): never => Fake as never;
  const binary = (text: string) => Buffer.from(`\0ELF ${text}\0`);

  test('that cannot be loaded: NATIVE_MODULE_MISSING, with the command that cures it', () => {
    const failures = [
      'Could not locate the bindings file. Tried:\n → ...',
      'was compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.',
      'Module did not self-register',
    ];
    for (const message of failures) {
      const error = thrown(() =>
        loadChecked(
          () => {
            throw new Error(message);
          },
          () => ({ packageVersion: '12.11.1', binary: undefined }),
          '20.20.2',
        ),
      );
      expect(error).toMatchObject({ code: 'NATIVE_MODULE_MISSING' });
      expect(error['hint']).toContain('rebuild better-sqlite3');
      expect((error.cause as Error).message).toBe(message);
    }
  });

  test.each([
    ['12.11.1', '24.21.0', 'RemoveEnvironmentCleanupHook', 'NATIVE_MODULE_UNSAFE'],
    ['12.11.1', '24.21.0', 'AddEnvironmentCleanupHook', 'ok'],
    ['12.11.1', '22.23.3', 'RemoveEnvironmentCleanupHook', 'ok'],
    ['12.11.1', '20.20.2', '', 'ok'],
    ['13.2.0', '20.20.2', '', 'NATIVE_MODULE_UNSAFE'],
    ['13.2.0', '22.13.9', '', 'NATIVE_MODULE_UNSAFE'],
    ['13.2.0', '22.14.0', '', 'ok'],
    ['13.2.0', '26.10.0', '', 'ok'],
  ])('%s on Node %s with %j in its binary: %s', (packageVersion, node, text, expected) => {
    let outcome = 'ok';
    try {
      loadChecked(works, () => ({ packageVersion, binary: binary(text) }), node);
    } catch (error) {
      outcome = (error as { code: string }).code;
    }
    expect(outcome).toBe(expected);
  });

  test('is refused before it is touched: an unsafe one would kill the process', () => {
    let loads = 0;
    const load = (): never => {
      loads += 1;
      return Fake as never;
    };
    thrown(() =>
      loadChecked(load, () => ({ packageVersion: '13.2.0', binary: undefined }), '20.20.2'),
    );
    expect(loads).toBe(0);
  });
});
