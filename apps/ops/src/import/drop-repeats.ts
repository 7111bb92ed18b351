import type { DuckDBConnection } from '@duckdb/node-api';
import { timeText } from '../format/time-text.ts';
import type { RejectedRow } from '../input/blocks.ts';
import type { SidSource } from './sid-source.ts';

export interface Repeats {
  /** Rows equal to an earlier one in every column. */
  readonly duplicates: number;
  /** Rows with the key of an earlier one and other values: the first one is kept. */
  readonly conflicts: readonly RejectedRow[];
}

/**
 * Leaves one candle for each symbol and start in the stage. Of conflicting ones the first in the order of the input stays,
 * and the others are told, never dropped without a word.
 */
export async function dropRepeats(
  connection: DuckDBConnection,
  files: readonly string[],
  sids: SidSource,
): Promise<Repeats> {
  const isEqual = ['v1', 'v2', 'v3', 'v4', 'v5'].map(
    (name) => `first_value(${name}) OVER key = ${name}`,
  );
  await connection.run(`CREATE TABLE repeats AS SELECT * FROM (
    SELECT rowid AS id, file, row, sid, ts, v1, v2, v3, v4, v5,
      row_number() OVER key AS n, ${isEqual.join(' AND ')} AS is_equal
    FROM stage WHERE (sid, ts) IN (SELECT (sid, ts) FROM stage GROUP BY sid, ts HAVING count(*) > 1)
    WINDOW key AS (PARTITION BY sid, ts ORDER BY file, row)
  ) WHERE n > 1`);
  await connection.run('DELETE FROM stage WHERE rowid IN (SELECT id FROM repeats)');
  const equal = await connection.runAndReadAll('SELECT count(*) AS n FROM repeats WHERE is_equal');
  const conflicts = await connection.runAndReadAll(
    'SELECT * FROM repeats WHERE NOT is_equal ORDER BY file, row',
  );
  await connection.run('DROP TABLE repeats');
  const names = sids.names;
  return {
    duplicates: Number(equal.getRowObjects()[0]?.['n']),
    conflicts: conflicts.getRowObjects().map((row) => ({
      file: files[Number(row['file'])] ?? '',
      row: Number(row['row']),
      reason: 'conflicting_candle: another candle of this symbol and start came first',
      raw: JSON.stringify([
        names.get(Number(row['sid'])),
        timeText(row['ts'] as bigint),
        row['v1'],
        row['v2'],
        row['v3'],
        row['v4'],
        row['v5'],
      ]),
    })),
  };
}
