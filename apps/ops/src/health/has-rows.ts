import { allOf, type OpenDatabase } from './databases.ts';

/** Tables that have rows in an empty database. */
const OWN_TABLES = ['schema_migrations', 'writer_fence', 'version', 'verified'];

/** Whether anything was ever stored in a database. */
export function hasRows(database: OpenDatabase): boolean {
  const tables = allOf<{ name: string }>(
    database,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  return tables
    .filter(({ name }) => !OWN_TABLES.includes(name))
    .some(({ name }) => allOf(database, `SELECT 1 FROM "${name}" LIMIT 1`).length > 0);
}
