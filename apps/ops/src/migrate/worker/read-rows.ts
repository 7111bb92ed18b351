import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import type { RawRow } from '../map/legacy-row.ts';
import { identifier, type SourceTable } from '../source-table.ts';
import { timeSql } from '../time-sql.ts';
import { numberedRelation } from './survey.ts';

/** Rows of one table, in stored order, a few thousand at a time. */
export class RowCursor {
  readonly #result: DuckDBResult;
  readonly #columns: number;

  private constructor(result: DuckDBResult, columns: number) {
    this.#result = result;
    this.#columns = columns;
  }

  /**
   * @param times Names of columns that are wanted as times too.
   * @param condition SQL over the columns and `tb_rowid`. Default: all rows.
   */
  static async open(
    connection: DuckDBConnection,
    table: SourceTable,
    times: readonly string[],
    condition = 'true',
  ): Promise<RowCursor> {
    const types = new Map(table.columns.map((column) => [column.name, column.type]));
    const cells = table.columns.map((column) => `${identifier(column.name)}::VARCHAR`);
    const timeCells = times.map((name) => timeSql(identifier(name), types.get(name) ?? 'VARCHAR'));
    const expressions = [...cells, ...timeCells].map((sql, at) => `${sql} AS c${at}`);
    const result = await connection.stream(
      `SELECT tb_rowid, ${expressions.join(', ')} FROM ${numberedRelation(table)} AS rows WHERE ${condition}`,
    );
    return new RowCursor(result, table.columns.length);
  }

  /** The next rows; empty at the end. */
  async next(): Promise<RawRow[]> {
    const chunk = await this.#result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return [];
    return chunk.getRows().map((row) => {
      const texts = row.slice(1) as (string | null)[];
      return {
        rowid: BigInt(row[0] as bigint),
        cells: texts.slice(0, this.#columns),
        times: texts.slice(this.#columns),
      };
    });
  }
}
