import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import type { RawRow } from '../map/legacy-row.ts';
import type { Reason } from '../reason.ts';
import { identifier, type SourceTable } from '../source-table.ts';
import { numberedRelation } from './survey.ts';

/** A row that goes to quarantine. */
export interface RejectedRow extends RawRow {
  readonly reason: Reason;
}

/** The quarantined rows of one market table, a few thousand at a time. */
export class RejectedRows {
  readonly #result: DuckDBResult;

  private constructor(result: DuckDBResult) {
    this.#result = result;
  }

  static async open(
    connection: DuckDBConnection,
    job: { readonly table: SourceTable; readonly kind: 'candles' | 'ticks'; readonly id: number },
  ): Promise<RejectedRows> {
    const cells = job.table.columns.map(
      ({ name }, at) => `r.${identifier(name)}::VARCHAR AS c${at}`,
    );
    const fates = job.kind === 'candles' ? 'candle_fate' : 'tick_fate';
    const result = await connection.stream(
      `SELECT r.tb_rowid, f.reason, ${cells.join(', ')} FROM ${fates} AS f JOIN ${numberedRelation(job.table)} AS r ON r.tb_rowid = f.src
       WHERE f.tbl = ${job.id} AND f.fate = 'quarantined' ORDER BY r.tb_rowid`,
    );
    return new RejectedRows(result);
  }

  /** The next rows; empty at the end. */
  async next(): Promise<RejectedRow[]> {
    const chunk = await this.#result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return [];
    return chunk.getRows().map((row) => ({
      rowid: BigInt(row[0] as bigint),
      reason: row[1] as Reason,
      cells: row.slice(2) as (string | null)[],
      times: [],
    }));
  }
}
