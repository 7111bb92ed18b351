import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';

/** All rows of a small result as objects: BIGINT and HUGEINT are bigint, DOUBLE number, text string. */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, DuckDBValue>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjects();
}

/** The first row of a result that has one. */
export async function rowOf(
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, DuckDBValue>> {
  const [row] = await rowsOf(connection, sql);
  if (!row) throw new Error(`A query for one row gave none: ${sql.slice(0, 200)}`);
  return row;
}

const VALUES_PER_STATEMENT = 2000;

/** Inserts rows of SQL literals, some thousand a statement. */
export async function insertValues(
  connection: DuckDBConnection,
  table: string,
  rows: readonly string[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += VALUES_PER_STATEMENT)
    await connection.run(
      `INSERT INTO ${table} VALUES ${rows.slice(at, at + VALUES_PER_STATEMENT).join(', ')}`,
    );
}
