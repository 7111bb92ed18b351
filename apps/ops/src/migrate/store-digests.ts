import { createHash } from 'node:crypto';
import type { StoreName } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { AnyTables } from './any-tables.ts';
import { TARGET_KEYS, type TargetRow, type TargetValue } from './map/target-row.ts';

/** The stores that legacy tables go to row by row. */
export type MigratedStore = Exclude<StoreName, 'index'>;

/** Rows of a table that must stand there afterwards: digest of the named columns, by key. */
export interface ExpectedRows {
  readonly columns: readonly string[];
  readonly digests: ReadonlyMap<string, string>;
}

const PAGE_ROWS = 20_000;

/**
 * Reads a store back and compares it, row by row, with what was to be written.
 * @throws `MIGRATION_MISMATCH`
 */
export async function verifyStore(
  db: AnyTables,
  store: MigratedStore,
  expected: ReadonlyMap<string, ExpectedRows>,
): Promise<void> {
  for (const [table, { columns, digests }] of expected) {
    const found = await readDigests(db, store, table, columns);
    const wrong = [...digests].filter(([key, target]) => found.get(key) !== target);
    if (wrong.length === 0) continue;
    const [[key] = ['']] = wrong;
    throw new OpsError(
      'MIGRATION_MISMATCH',
      `${wrong.length} of ${digests.size} rows of ${store}.${table} do not read back as they were written, the first with key ${key}`,
    );
  }
}

/** Digests of the named columns of all rows of a table, by key. */
export async function readDigests(
  db: AnyTables,
  store: MigratedStore,
  table: string,
  columns: readonly string[],
): Promise<Map<string, string>> {
  const keys = TARGET_KEYS[store][table] as readonly string[];
  const digests = new Map<string, string>();
  for (let at = 0; ; at += PAGE_ROWS) {
    let query = db.selectFrom(table).selectAll().limit(PAGE_ROWS).offset(at);
    for (const key of keys) query = query.orderBy(key);
    const rows = await query.execute();
    for (const row of rows) {
      const values = Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
      digests.set(keyOf(store, { table, values }), digest(values));
    }
    if (rows.length < PAGE_ROWS) return digests;
  }
}

/** The key of a row as one text. */
export function keyOf(store: MigratedStore, row: TargetRow): string {
  const keys = TARGET_KEYS[store][row.table] as readonly string[];
  return JSON.stringify(keys.map((key) => String(row.values[key])));
}

/** A digest of values with their types and names; of cells in their order. */
export function digest(
  values: Readonly<Record<string, TargetValue>> | readonly (string | null)[],
): string {
  const text = Array.isArray(values)
    ? JSON.stringify(values)
    : JSON.stringify(
        Object.entries(values as Readonly<Record<string, TargetValue>>)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => [name, typeof value, String(value)]),
      );
  return createHash('sha256').update(text).digest('base64');
}
