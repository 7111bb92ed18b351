import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { openCopy } from './open-copy.ts';

/** Columns that differ between two right runs: times of writing, identities drawn by chance, places. */
const VOLATILE = /^(applied_at|tool_version|epoch|token|heartbeat_ns|.*_at|pid)$/;

/**
 * The content of a SQLite database as text: each table with its rows in order, without the columns that differ between
 * two right runs.
 *
 * @returns '' when the file does not exist. @throws Error when `integrity_check` complains.
 */
export function storeContent(path: string, ignore: RegExp = VOLATILE): string {
  if (!existsSync(path)) return '';
  using copy = openCopy(path);
  const { db } = copy;
  const health = db.pragma('integrity_check', { simple: true });
  if (health !== 'ok') throw new Error(`${path}: ${health}`);
  const tables = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all() as string[];
  return tables.map((table) => `${table}\n${tableContent(db, table, ignore)}`).join('\n');
}

function tableContent(db: Database.Database, table: string, ignore: RegExp): string {
  const columns = (db.pragma(`table_info(${JSON.stringify(table)})`) as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => !ignore.test(name));
  if (columns.length === 0) return '';
  const list = columns.map((name) => `"${name}"`).join(', ');
  const rows = db.prepare(`SELECT ${list} FROM "${table}"`).raw().all() as unknown[][];
  return rows
    .map((row) =>
      row.map((value) => (value instanceof Uint8Array ? sha256(value) : String(value))).join('|'),
    )
    .sort()
    .join('\n');
}

/** SHA-256 as hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
