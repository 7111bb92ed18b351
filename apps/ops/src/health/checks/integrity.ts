import { isLockError } from '@tb/locks';
import { allOf, type OpenDatabase, type SeenDatabase } from '../databases.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

const HINT = 'Stop its writer, then `tb restore` the database from its newest backup.';

/** SQLite's own check of each database: pages and rows; with --full also every index and every foreign key. */
export const integrity: Check = {
  name: 'integrity',
  run: async ({ databases, isFull }) => {
    const findings: Observation[] = [];
    for (const database of databases.all) {
      if (database.state === 'unreadable') findings.push(unreadable(database));
      if (database.state === 'open') findings.push(...checkDatabase(database, isFull));
    }
    return findings;
  },
};

function unreadable({ name, error }: Extract<SeenDatabase, { state: 'unreadable' }>): Observation {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === undefined) throw error;
  const isDenied = isLockError(error, 'SQLITE_DENIED') || code === 'EACCES' || code === 'EPERM';
  return isDenied
    ? warn(name, 'not checked: this user may not read it', 'ok', 'Run it as a user that may.')
    : fail(name, String(message), 'ok', HINT);
}

function checkDatabase(database: OpenDatabase, isFull: boolean): readonly Observation[] {
  const { name, isCopy } = database;
  const problems = problemsOf(database, isFull);
  if (problems.length > 0) return problems.map((problem) => fail(name, problem, 'ok', HINT));
  if (!isCopy) return [ok(name, 'ok', 'ok')];
  return [
    warn(
      name,
      'ok in a private copy: this user may not open it in its folder',
      'ok',
      'Run it as a user that may write the folder: a copy does not see what is committed meanwhile.',
    ),
  ];
}

function problemsOf(database: OpenDatabase, isFull: boolean): readonly string[] {
  try {
    const pragma = isFull ? 'integrity_check' : 'quick_check';
    const rows = allOf<Record<string, string>>(database, `PRAGMA ${pragma}(20)`);
    const found = rows.map((row) => String(row[pragma])).filter((text) => text !== 'ok');
    if (!isFull || found.length > 0) return found;
    const orphans = allOf<{ table: string; parent: string }>(database, 'PRAGMA foreign_key_check');
    return orphans
      .slice(0, 20)
      .map(({ table, parent }) => `a row of ${table} refers to a row of ${parent} that is missing`);
  } catch (error) {
    if (!isLockError(error, 'SQLITE_UNREADABLE') && !isLockError(error, 'SQLITE_IO')) throw error;
    return [error.message];
  }
}
