import { statSync } from 'node:fs';
import {
  isLockError,
  openSqlite,
  type SqliteDatabase,
  type SqliteStatement,
  translateSqliteError,
} from '@tb/locks';
import { assertMigrated, type Layout } from '@tb/schema';
import type { Correction } from './correction.ts';
import { HistoryError } from './errors.ts';
import { FileGroup } from './file-index.ts';
import { FILE_COLUMNS, FileRecord, type FileRow } from './file-record.ts';
import { correctionOf, type ManifestRow, monthEntryOf } from './manifest-rows.ts';
import { ManifestSnapshot, type ManifestState, monthsByKey } from './manifest-snapshot.ts';
import { GrowingSymbolTable } from './symbol-table.ts';

/** A sha256 check that need not be repeated while the identity of the file is the same. */
export interface VerifiedRow {
  readonly sha256: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** ns UTC. */
  readonly at: bigint;
}

const STATEMENTS = {
  begin: 'BEGIN DEFERRED',
  end: 'COMMIT',
  version: 'SELECT n FROM version WHERE id = 1',
  symbols: 'SELECT sid, exchange, symbol FROM symbols WHERE sid > ? ORDER BY sid',
  // In the order of the key: no sort. For the first look, since `changed_in` would find every row one by one.
  allFiles: `SELECT ${FILE_COLUMNS} FROM files ORDER BY exchange, kind, timeframe, trading_date, revision`,
  changedFiles: `SELECT ${FILE_COLUMNS} FROM files WHERE changed_in > ?`,
  months: 'SELECT * FROM months',
  corrections: 'SELECT * FROM corrections WHERE id > ? ORDER BY id',
  verified:
    'SELECT sha256, dev, ino, size, mtime_ns AS mtimeNs, ctime_ns AS ctimeNs, at FROM verified WHERE path = ?',
} as const;

/** A connection, its statements, and which file it has open. */
interface Connection {
  readonly db: SqliteDatabase;
  readonly statements: Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;
  readonly inode: bigint | undefined;
}

/**
 * The manifest, read. One connection, read-only at the engine; takes no lock and waits for nobody. A snapshot costs
 * about 10 us while nothing was published; afterwards only the rows that changed are read. A manifest that was replaced
 * (rebuilt, restored) is noticed by its inode and opened again.
 */
export class Manifest implements Disposable {
  readonly #path: string;
  #connection: Connection;
  #maxSid = 0n;
  #state: ManifestState = emptyState();
  #snapshot: ManifestSnapshot | undefined;

  private constructor(path: string) {
    this.#path = path;
    this.#connection = connect(path);
  }

  /**
   * Opens manifest.db of a data root for reading; the caller closes it.
   * @throws `SQLITE_MISSING` and the other codes of `openSqlite`; `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `MIGRATION_*`.
   */
  static openReader(layout: Layout): Manifest {
    return new Manifest(layout.manifest);
  }

  /**
   * Everything published, as of one transaction. The same object while nothing changes.
   * @throws `MANIFEST_CORRUPT`; as `openReader` when the file was replaced.
   */
  snapshot(): ManifestSnapshot {
    this.#reconnectIfReplaced();
    const { statements } = this.#connection;
    try {
      statements.begin.run();
      try {
        this.#refresh(statements.version.pluck().get() as bigint | undefined);
      } finally {
        statements.end.run();
      }
    } catch (error) {
      throw corruptError(this.#path, error);
    }
    this.#snapshot ??= new ManifestSnapshot(this.#state);
    return this.#snapshot;
  }

  /** When and as what a path was last verified by the publisher or by `tb health --full`. */
  findVerified(path: string): VerifiedRow | undefined {
    return this.#connection.statements.verified.get(path) as VerifiedRow | undefined;
  }

  /** May be called twice. */
  close(): void {
    if (this.#connection.db.open) this.#connection.db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #reconnectIfReplaced(): void {
    if (inodeOf(this.#path) === this.#connection.inode) return;
    this.close();
    this.#connection = connect(this.#path);
    this.#maxSid = 0n;
    this.#state = emptyState();
    this.#snapshot = undefined;
  }

  #refresh(version: bigint | undefined): void {
    if (version === undefined)
      throw new HistoryError('MANIFEST_CORRUPT', `${this.#path} has no version`);
    this.#addSymbols();
    if (this.#snapshot && Number(version) === this.#state.version) return;
    const { statements } = this.#connection;
    this.#state = {
      version: Number(version),
      groups: this.#snapshot
        ? withFiles(this.#state.groups, statements.changedFiles.raw().all(this.#state.version))
        : groupsOf(statements.allFiles.raw().all()),
      months: monthsByKey((statements.months.all() as ManifestRow[]).map(monthEntryOf)),
      corrections: this.#corrections(),
      symbols: this.#state.symbols,
    };
    this.#snapshot = undefined;
  }

  #corrections(): readonly Correction[] {
    const { corrections } = this.#state;
    const rows = this.#connection.statements.corrections.all(
      corrections.at(-1)?.id ?? 0,
    ) as ManifestRow[];
    return [...corrections, ...rows.map(correctionOf)];
  }

  /** sids are born outside publications, so they are looked for each time: 2 us. */
  #addSymbols(): void {
    const rows = this.#connection.statements.symbols.raw().all(this.#maxSid);
    const tables = this.#state.symbols as Map<string, GrowingSymbolTable>;
    for (const [sid, exchange, symbol] of rows as [bigint, string, string][]) {
      const table = tables.get(exchange) ?? new GrowingSymbolTable();
      tables.set(exchange, table);
      table.add(Number(sid), symbol);
      this.#maxSid = sid;
    }
  }
}

function connect(path: string): Connection {
  let db: SqliteDatabase | undefined;
  try {
    const inode = inodeOf(path);
    db = openSqlite(path, { readonly: true });
    assertMigrated(db, 'manifest');
    db.defaultSafeIntegers(true);
    return { db, statements: prepareAll(db), inode };
  } catch (error) {
    db?.close();
    throw corruptError(path, error);
  }
}

/** undefined when there is no such file. Only stats: reading a database that is open drops its locks. */
function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** What SQLite says about the file becomes a code of this package or of the locks; other errors stay as they are. */
function corruptError(path: string, error: unknown): unknown {
  const translated = translateSqliteError(error, path);
  // The statements are fixed: one that SQLite cannot carry out met a value that no writer puts there.
  const isOddValue = (translated as { readonly code?: unknown } | null)?.code === 'SQLITE_ERROR';
  if (!isOddValue && !isLockError(translated, 'SQLITE_UNREADABLE')) return translated;
  return new HistoryError('MANIFEST_CORRUPT', `${path} is not readable`, { cause: error });
}

function prepareAll(db: SqliteDatabase): Record<keyof typeof STATEMENTS, SqliteStatement> {
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, SqliteStatement>;
}

function emptyState(): ManifestState {
  return { version: 0, groups: new Map(), months: new Map(), corrections: [], symbols: new Map() };
}

/** @param rows Of every file, in the order of the key. */
function groupsOf(rows: readonly unknown[]): ReadonlyMap<string, FileGroup> {
  return new Map([...recordsByGroup(rows)].map(([key, records]) => [key, new FileGroup(records)]));
}

function withFiles(
  groups: ReadonlyMap<string, FileGroup>,
  rows: readonly unknown[],
): ReadonlyMap<string, FileGroup> {
  const next = new Map(groups);
  for (const [key, records] of recordsByGroup(rows))
    next.set(key, (next.get(key) ?? new FileGroup([])).with(records));
  return next;
}

function recordsByGroup(rows: readonly unknown[]): ReadonlyMap<string, FileRecord[]> {
  const byGroup = new Map<string, FileRecord[]>();
  for (const row of rows as readonly FileRow[]) {
    const records = byGroup.get(row[0]);
    if (records) records.push(new FileRecord(row));
    else byGroup.set(row[0], [new FileRecord(row)]);
  }
  return byGroup;
}
