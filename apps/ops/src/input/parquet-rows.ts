import { access } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import { OpsError } from '../errors.ts';
import { type CellRow, positionsOf, type WantedColumn } from './cell-row.ts';
import { inputError } from './input-error.ts';

/**
 * Rows of a Parquet file, read by DuckDB in chunks. A time that is adjusted to UTC arrives as ns; one that is not, as the text
 * of its wall clock, which wants its zone stated; other columns as text too, so that one set of checks serves every format.
 */
export async function* parquetRows(
  file: string,
  wanted: readonly WantedColumn[],
): AsyncGenerator<readonly CellRow[]> {
  await access(file).catch((cause: unknown) => Promise.reject(inputError(file, cause)));
  const { DuckDBInstance } = loadDuckdb();
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
    await refuseCutTimes(connection, wanted, file);
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

/**
 * DuckDB 1.5.6 cuts times in ns that are adjusted to UTC to microseconds. Without the adjustment it keeps them.
 * @throws `INPUT_UNREADABLE`
 */
async function refuseCutTimes(
  connection: DuckDBConnection,
  wanted: readonly WantedColumn[],
  file: string,
): Promise<void> {
  const cut = await connection.runAndReadAll(
    "SELECT name FROM parquet_schema($1) WHERE logical_type LIKE 'TimestampType(isAdjustedToUTC=1%NANOS=NanoSeconds%'",
    [file],
  );
  const names = cut.getRows().map(([name]) => String(name));
  const name = names.find((each) => wanted.some((column) => column.name === each));
  if (name !== undefined)
    throw new OpsError(
      'INPUT_UNREADABLE',
      `Input ${file} has the column ${name} in nanoseconds adjusted to UTC, which would be cut to microseconds`,
      {
        hint: `Write it without a zone and import with --tz UTC (pandas: df['${name}'].dt.tz_localize(None)), or in microseconds.`,
      },
    );
}

function cellSql(name: string, type: string | undefined): string {
  if (type === undefined) return 'NULL';
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `epoch_ns(${column})`;
  if (['DOUBLE', 'FLOAT', 'INTEGER', 'BIGINT', 'SMALLINT', 'TINYINT'].includes(type)) return column;
  return `CAST(${column} AS VARCHAR)`;
}
