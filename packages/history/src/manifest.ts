import { openSqlite, type SqliteDatabase, type SqliteStatement } from '@tb/locks';
import { assertMigrated, type Layout } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { FileEntry, MonthEntry } from './day-file.ts';
import { HistoryError } from './errors.ts';
import { FileGroup, groupKey } from './file-index.ts';
import { correctionOf, type FileRow, fileEntryOf, monthEntryOf } from './manifest-rows.ts';
import { ManifestSnapshot, type ManifestState } from './manifest-snapshot.ts';
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

interface VersionRow {
  readonly n: bigint;
  readonly rebuilds: bigint;
}

const STATEMENTS = {
  begin: 'BEGIN DEFERRED',
  end: 'COMMIT',
  version: 'SELECT n, rebuilds FROM version WHERE id = 1',
  symbols: 'SELECT sid, exchange, symbol FROM symbols WHERE sid > ? ORDER BY sid',
  files: 'SELECT * FROM files WHERE changed_in > ? ORDER BY trading_date, revision',
  months: 'SELECT * FROM months',
  corrections: 'SELECT * FROM corrections WHERE id > ? ORDER BY id',
  verified:
    'SELECT sha256, dev, ino, size, mtime_ns AS mtimeNs, ctime_ns AS ctimeNs, at FROM verified WHERE path = ?',
} as const;

/**
 * The manifest, read. One connection, read-only at the engine; takes no lock and waits for nobody. A snapshot costs
 * about 10 us while nothing was published; afterwards only the rows that changed are read.
 */
export class Manifest implements Disposable {
  readonly #db: SqliteDatabase;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;
  #rebuilds = -1n;
  #maxSid = 0n;
  #state: ManifestState = emptyState();
  #snapshot: ManifestSnapshot | undefined;

  private constructor(db: SqliteDatabase) {
    this.#db = db;
    db.defaultSafeIntegers(true);
    this.#statements = prepareAll(db);
  }

  /**
   * Opens manifest.db of a data root for reading; the caller closes it.
   * @throws `SQLITE_MISSING` and the other codes of `openSqlite`; `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `MIGRATION_*`.
   */
  static openReader(layout: Layout): Manifest {
    return Manifest.over(openSqlite(layout.manifest, { readonly: true }));
  }

  /** @internal Reads through a connection that somebody else writes with; closes it on failure. */
  static over(db: SqliteDatabase): Manifest {
    try {
      assertMigrated(db, 'manifest');
      return new Manifest(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Everything published, as of one transaction. The same object while nothing changes.
   * @throws `MANIFEST_CORRUPT`
   */
  snapshot(): ManifestSnapshot {
    this.#statements.begin.run();
    try {
      const version = this.#statements.version.get() as VersionRow | undefined;
      if (!version) throw new HistoryError('MANIFEST_CORRUPT', `${this.#db.name} has no version`);
      this.#refresh(version);
    } finally {
      this.#statements.end.run();
    }
    this.#snapshot ??= new ManifestSnapshot(this.#state);
    return this.#snapshot;
  }

  /** When and as what a path was last verified by the publisher or by `tb health --full`. */
  findVerified(path: string): VerifiedRow | undefined {
    return this.#statements.verified.get(path) as VerifiedRow | undefined;
  }

  /** May be called twice. */
  close(): void {
    if (this.#db.open) this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #refresh(version: VersionRow): void {
    if (version.rebuilds !== this.#rebuilds) {
      this.#state = emptyState();
      this.#maxSid = 0n;
      this.#rebuilds = version.rebuilds;
      this.#snapshot = undefined;
    }
    this.#addSymbols();
    if (this.#snapshot && Number(version.n) === this.#state.version) return;
    const files = this.#statements.files.all(this.#state.version) as FileRow[];
    this.#state = {
      version: Number(version.n),
      groups: withFiles(this.#state.groups, files.map(fileEntryOf)),
      months: monthsOf((this.#statements.months.all() as FileRow[]).map(monthEntryOf)),
      corrections: this.#corrections(),
      symbols: this.#state.symbols,
    };
    this.#snapshot = undefined;
  }

  #corrections(): readonly Correction[] {
    const { corrections } = this.#state;
    const rows = this.#statements.corrections.all(corrections.at(-1)?.id ?? 0) as FileRow[];
    return [...corrections, ...rows.map(correctionOf)];
  }

  /** sids are born outside publications, so they are looked for each time: 2 us. */
  #addSymbols(): void {
    const rows = this.#statements.symbols.all(this.#maxSid) as FileRow[];
    const tables = this.#state.symbols as Map<string, GrowingSymbolTable>;
    for (const row of rows) {
      const exchange = row['exchange'] as string;
      const table = tables.get(exchange) ?? new GrowingSymbolTable();
      tables.set(exchange, table);
      table.add(Number(row['sid']), row['symbol'] as string);
      this.#maxSid = row['sid'] as bigint;
    }
  }
}

function prepareAll(db: SqliteDatabase): Record<keyof typeof STATEMENTS, SqliteStatement> {
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, SqliteStatement>;
}

function emptyState(): ManifestState {
  return { version: 0, groups: new Map(), months: new Map(), corrections: [], symbols: new Map() };
}

function withFiles(
  groups: ReadonlyMap<string, FileGroup>,
  entries: readonly FileEntry[],
): ReadonlyMap<string, FileGroup> {
  const byKey = new Map<string, FileEntry[]>();
  for (const entry of entries) {
    const key = groupKey(entry.exchange, entry.kind, entry.timeframe);
    const list = byKey.get(key);
    if (list) list.push(entry);
    else byKey.set(key, [entry]);
  }
  const next = new Map(groups);
  for (const [key, list] of byKey)
    next.set(key, (next.get(key) ?? new FileGroup(new Map())).with(list));
  return next;
}

function monthsOf(entries: readonly MonthEntry[]): ReadonlyMap<string, MonthEntry> {
  return new Map(entries.map((one) => [`${one.exchange}/${one.timeframe}/${one.month}`, one]));
}
