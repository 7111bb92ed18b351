import type { DuckDBConnection } from '@duckdb/node-api';
import { OpsError } from '../../errors.ts';
import { identifier, labelOf, type SourceColumn, type SourceTable } from '../source-table.ts';
import { rowOf, rowsOf } from './query.ts';

/** A statement that made something that is no table and no view: a sequence, an index, a type, a macro. */
export interface SourceObject {
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
}

export interface Survey {
  readonly tables: readonly SourceTable[];
  readonly objects: readonly SourceObject[];
  readonly duckdbVersion: string;
}

/**
 * Reads every table of the source to its last byte: columns and types as they are, rows counted and hashed. What cannot be
 * read stops everything here, before anything is written.
 * @throws `SOURCE_DAMAGED` naming the table
 */
export async function surveySource(connection: DuckDBConnection): Promise<Survey> {
  const columns = await columnsByTable(connection);
  const tables: SourceTable[] = [];
  const listed = await rowsOf(
    connection,
    `SELECT schema_name, table_name, sql, 'table' AS kind FROM duckdb_tables() WHERE database_name = 'source' AND NOT internal
     UNION ALL
     SELECT schema_name, view_name, sql, 'view' FROM duckdb_views() WHERE database_name = 'source' AND NOT internal
     ORDER BY 1, 2`,
  );
  for (const row of listed) {
    const [schema, name] = [String(row['schema_name']), String(row['table_name'])];
    const table = {
      schema,
      name,
      kind: row['kind'] as SourceTable['kind'],
      columns: columns.get(`${schema}\0${name}`) ?? [],
      sql: String(row['sql'] ?? ''),
    };
    const { rows, hash } =
      table.kind === 'view' ? { rows: 0, hash: '0' } : await contentOf(connection, table);
    tables.push({ ...table, rows, hash });
  }
  return {
    tables,
    objects: await otherObjects(connection),
    duckdbVersion: await versionOf(connection),
  };
}

async function columnsByTable(
  connection: DuckDBConnection,
): Promise<ReadonlyMap<string, SourceColumn[]>> {
  const rows = await rowsOf(
    connection,
    `SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
     WHERE database_name = 'source' AND NOT internal ORDER BY schema_name, table_name, column_index`,
  );
  const byTable = new Map<string, SourceColumn[]>();
  for (const row of rows) {
    const key = `${row['schema_name']}\0${row['table_name']}`;
    const columns = byTable.get(key) ?? [];
    columns.push({ name: String(row['column_name']), type: String(row['data_type']) });
    byTable.set(key, columns);
  }
  return byTable;
}

async function contentOf(
  connection: DuckDBConnection,
  table: Pick<SourceTable, 'schema' | 'name' | 'columns'>,
): Promise<{ rows: number; hash: string }> {
  try {
    const row = await rowOf(
      connection,
      `SELECT count(*) AS n, coalesce(sum(${rowHashSql(table.columns)}), 0)::VARCHAR AS h FROM ${relationOf(table)}`,
    );
    return { rows: Number(row['n']), hash: String(row['h']) };
  } catch (cause) {
    const [first] = (cause as Error).message.split('\n');
    throw new OpsError(
      'SOURCE_DAMAGED',
      `Table ${labelOf(table)} of the source cannot be read: ${first}`,
      { cause },
    );
  }
}

/** Hash of all columns of a row; compare within one DuckDB version. */
export function rowHashSql(columns: readonly SourceColumn[]): string {
  return `hash(${columns.map((column) => identifier(column.name)).join(', ')})`;
}

/** A table of the source in FROM. */
export function relationOf(table: { readonly schema: string; readonly name: string }): string {
  return `source.${identifier(table.schema)}.${identifier(table.name)}`;
}

/** The same with `tb_rowid`, the stored order, first. A column that is called rowid hides the engine's own. */
export function numberedRelation(table: Pick<SourceTable, 'schema' | 'name' | 'columns'>): string {
  const isHidden = table.columns.some((column) => column.name.toLowerCase() === 'rowid');
  const rowid = isHidden ? '(row_number() OVER () - 1)' : 'rowid';
  return `(SELECT ${rowid} AS tb_rowid, * FROM ${relationOf(table)})`;
}

async function otherObjects(connection: DuckDBConnection): Promise<SourceObject[]> {
  const rows = await rowsOf(
    connection,
    `SELECT 'index' AS kind, schema_name AS schema, index_name AS name, sql FROM duckdb_indexes() WHERE database_name = 'source' AND sql IS NOT NULL
     UNION ALL
     SELECT 'sequence', schema_name, sequence_name, sql FROM duckdb_sequences() WHERE database_name = 'source'
     UNION ALL
     SELECT 'type', schema_name, type_name, 'CREATE TYPE ' || type_name || ' AS ' || logical_type || coalesce(' ' || labels::VARCHAR, '')
       FROM duckdb_types() WHERE database_name = 'source' AND NOT internal
     UNION ALL
     SELECT 'macro', schema_name, function_name, function_name || '(' || array_to_string(parameters, ', ') || ') AS ' || macro_definition
       FROM duckdb_functions() WHERE database_name = 'source' AND NOT internal AND macro_definition IS NOT NULL
     ORDER BY 1, 2, 3`,
  );
  return rows.map((row) => ({
    kind: String(row['kind']),
    schema: String(row['schema']),
    name: String(row['name']),
    sql: String(row['sql']),
  }));
}

async function versionOf(connection: DuckDBConnection): Promise<string> {
  return String((await rowOf(connection, 'SELECT version() AS v'))['v']);
}
