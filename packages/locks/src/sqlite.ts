/**
 * What @tb needs of a SQLite connection. better-sqlite3's `Database` fits as it is, and so does Kysely's SqliteDialect
 * on the other side; no engine type stands in a public signature, so consumers need no @types of the engine.
 */
export interface SqliteDatabase {
  readonly name: string;
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  pragma(source: string, options?: { simple?: boolean }): unknown;
  defaultSafeIntegers(on?: boolean): unknown;
  close(): unknown;
}

export interface SqliteStatement {
  /** True when the statement returns rows. */
  readonly reader: boolean;
  run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): IterableIterator<unknown>;
  pluck(on?: boolean): this;
  raw(on?: boolean): this;
  safeIntegers(on?: boolean): this;
}

/** A connection opened by `openSqlite`: also copies itself. */
export interface OpenSqliteDatabase extends SqliteDatabase {
  /** Online backup into a new file; safe while others write. */
  backup(
    destination: string,
    options?: { progress(info: { totalPages: number; remainingPages: number }): number },
  ): Promise<{ totalPages: number; remainingPages: number }>;
}
