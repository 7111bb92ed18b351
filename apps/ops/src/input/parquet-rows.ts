import { access } from 'node:fs/promises';
import { OpsError } from '../errors.ts';
import { type CellRow, positionsOf, type WantedColumn } from './cell-row.ts';
import { inputError } from './input-error.ts';

/**
 * Rows of a Parquet file, read by DuckDB in chunks. A TIMESTAMP column without zone is taken as UTC, as Parquet means it
 * (`isAdjustedToUTC`), and arrives as ns; other columns as text, so that one set of checks serves every format.
 */
export async function* parquetRows(
  file: string,
  wanted: readonly WantedColumn[],
): AsyncGenerator<readonly CellRow[]> {
  await access(file).catch((cause: unknown) => Promise.reject(inputError(file, cause)));
  const { DuckDBInstance } = await import('@duckdb/node-api'); // not for CSV
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '512MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    const described = await connection.runAndReadAll(
      'SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet($1))',
      [file],
    );
    const types = new Map(described.getRows().map(([name, type]) => [String(name), String(type)]));
    positionsOf([...types.keys()], wanted, file);
    const columns = wanted.map((column) => cellSql(column.name, types.get(column.name)));
    const result = await connection.stream(`SELECT ${columns.join(', ')} FROM read_parquet($1)`, [
      file,
    ]);
    let row = 0;
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      yield chunk.getRows().map((cells): CellRow => {
        row += 1;
        const values = cells.map((cell) => (cell === null ? undefined : cell));
        return { row, cells: values, raw: values };
      });
    }
  } catch (error) {
    if ((error as { name?: unknown }).name === 'OpsError') throw error;
    throw new OpsError(
      'INPUT_UNREADABLE',
      `Input ${file} is not readable as Parquet: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function cellSql(name: string, type: string | undefined): string {
  if (type === undefined) return 'NULL';
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type.startsWith('TIMESTAMP')) return `epoch_ns(${column})`;
  if (['DOUBLE', 'FLOAT', 'INTEGER', 'BIGINT', 'SMALLINT', 'TINYINT'].includes(type)) return column;
  return `CAST(${column} AS VARCHAR)`;
}
