import { access, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import {
  isLockError,
  type OpenSqliteDatabase,
  openSqlite,
  type SqliteDatabase,
  translateSqliteError,
} from '@tb/locks';
import { createFolder, type Layout, layoutOf, type MigratedDatabase } from '@tb/schema';

/** One SQLite database of a data root. */
export interface DatabaseFile {
  /** `manifest`, `trading`, `signals`, `config`, `index`, `live/<exchange>`. */
  readonly name: string;
  readonly schema: MigratedDatabase;
  readonly exchange?: string;
  /** Absolute. */
  readonly path: string;
}

/** A database as it could be opened. Integers come as bigint. */
export type SeenDatabase = DatabaseFile &
  (
    | { readonly state: 'open'; readonly db: SqliteDatabase; readonly isCopy: boolean }
    | { readonly state: 'missing' }
    | { readonly state: 'unreadable'; readonly error: unknown }
  );

export type OpenDatabase = Extract<SeenDatabase, { state: 'open' }>;

/** Every SQLite database of a data root, opened for reading as far as possible. Nothing of the root is changed. */
export interface Databases extends AsyncDisposable {
  readonly all: readonly SeenDatabase[];
  /** undefined when it is not there or cannot be read: the checks `structure` and `integrity` tell of that. */
  find(name: string): OpenDatabase | undefined;
  /** All live buffers that could be opened. */
  readonly live: readonly OpenDatabase[];
  /** Where manifest.db can be opened in its place: the root itself, or the folder of copies. */
  readonly manifestLayout: Layout | undefined;
}

/** The SQLite files that a data root should have: five, and one for each live buffer. */
export async function databaseFilesOf(layout: Layout): Promise<readonly DatabaseFile[]> {
  const live: DatabaseFile[] = [];
  for (const exchange of await liveExchangesOf(layout))
    live.push({
      name: `live/${exchange}`,
      schema: 'live',
      exchange,
      path: layout.liveDb(exchange),
    });
  return [
    { name: 'manifest', schema: 'manifest', path: layout.manifest },
    { name: 'trading', schema: 'trading', path: layout.storeDb('trading') },
    { name: 'signals', schema: 'signals', path: layout.storeDb('signals') },
    { name: 'config', schema: 'config', path: layout.storeDb('config') },
    { name: 'index', schema: 'index', path: layout.storeDb('index') },
    ...live,
  ];
}

/** Exchanges with a live.db, ascending. A folder of a name that is no exchange is none of ours. */
async function liveExchangesOf(layout: Layout): Promise<readonly string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(layout.liveBuffer))
    if (/^[a-z][a-z0-9_]{0,15}$/.test(entry) && (await exists(layout.liveDb(entry))))
      names.push(entry);
  return names.sort();
}

/** Opens them all. The caller disposes of the result, which removes the copies too. */
export async function openDatabases(layout: Layout): Promise<Databases> {
  const scratch = new Scratch(layout);
  const all: SeenDatabase[] = [];
  for (const file of await databaseFilesOf(layout)) all.push(await see(file, scratch));
  const opened = all.filter((one): one is OpenDatabase => one.state === 'open');
  const manifest = opened.find((one) => one.name === 'manifest');
  return {
    all,
    find: (name) => opened.find((one) => one.name === name),
    live: opened.filter((one) => one.schema === 'live'),
    manifestLayout: manifest && (manifest.isCopy ? scratch.layout : layout),
    [Symbol.asyncDispose]: async () => {
      for (const { db } of opened) db.close();
      await scratch.remove();
    },
  };
}

async function see(file: DatabaseFile, scratch: Scratch): Promise<SeenDatabase> {
  try {
    if (!(await exists(file.path))) return { ...file, state: 'missing' };
    return { ...file, state: 'open', db: open(file.path), isCopy: false };
  } catch (error) {
    if (!isLockError(error, 'SQLITE_DENIED')) return { ...file, state: 'unreadable', error };
  }
  // A WAL database wants to make its -shm. Where this user may not, a private copy with its -wal says the same.
  try {
    return { ...file, state: 'open', db: open(await scratch.copy(file.path)), isCopy: true };
  } catch (error) {
    return { ...file, state: 'unreadable', error };
  }
}

function open(path: string): OpenSqliteDatabase {
  const db = openSqlite(path, { readonly: true });
  db.defaultSafeIntegers(true);
  return db;
}

/** Runs a query and gives what SQLite says about the file a code. */
export function allOf<Row>(
  database: OpenDatabase,
  sql: string,
  ...parameters: readonly unknown[]
): readonly Row[] {
  try {
    return database.db.prepare(sql).all(...parameters) as Row[];
  } catch (error) {
    throw translateSqliteError(error, database.path);
  }
}

/** Copies of databases that cannot be opened where they are, in the same places of a folder of its own. */
class Scratch {
  readonly #layout: Layout;
  #copies: Layout | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  get layout(): Layout | undefined {
    return this.#copies;
  }

  /** Copies a database that this process could not open, so that no lock of its own can be lost by reading the file. */
  async copy(path: string): Promise<string> {
    this.#copies ??= layoutOf(await mkdtemp(join(tmpdir(), 'tb-health-')));
    const copy = join(this.#copies.root, relative(this.#layout.root, path));
    await createFolder(dirname(copy));
    await copyFile(path, copy);
    if (await exists(`${path}-wal`)) await copyFile(`${path}-wal`, `${copy}-wal`);
    return copy;
  }

  async remove(): Promise<void> {
    if (this.#copies) await rm(this.#copies.root, { recursive: true, force: true });
  }
}

/** Names in a folder; none when there is no such folder. @throws other errors of node:fs */
export async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** @throws errors of node:fs other than that it is not there */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
