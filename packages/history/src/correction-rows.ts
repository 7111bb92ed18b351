import type { Kind } from '@tb/schema';
import { COLUMNS } from './day-file.ts';
import { type DuckConnection, readRow } from './duck.ts';
import { canonicalRelation } from './rows.ts';

/** How two states of a trading date differ. */
export interface RowChanges {
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  readonly rowsChanged: number;
}

/**
 * Counts what a correction does, as multisets. A row is changed when its key stays, (sid, ts) for candles and
 * (sid, ts, seq) for ticks, and another column differs.
 *
 * @param before, after Relations with the columns of `data`.
 */
export async function countChanges(
  connection: DuckConnection,
  kind: Kind,
  before: string,
  after: string,
): Promise<RowChanges> {
  const columns = COLUMNS[kind].map(([name]) => name).join(', ');
  const key = kind === 'ticks' ? ['sid', 'ts', 'seq'] : ['sid', 'ts'];
  const row = await readRow(
    connection,
    `WITH old AS (SELECT ${columns} FROM ${canonicalRelation(kind, before)} AS rows),
     new AS (SELECT ${columns} FROM ${canonicalRelation(kind, after)} AS rows),
     lost AS (SELECT ${key.join(', ')}, count(*) AS n FROM (SELECT * FROM old EXCEPT ALL SELECT * FROM new) GROUP BY ALL),
     gained AS (SELECT ${key.join(', ')}, count(*) AS n FROM (SELECT * FROM new EXCEPT ALL SELECT * FROM old) GROUP BY ALL)
     SELECT coalesce(sum(least(lost.n, gained.n)), 0)::BIGINT AS changed,
       (SELECT coalesce(sum(n), 0) FROM lost)::BIGINT AS removed, (SELECT coalesce(sum(n), 0) FROM gained)::BIGINT AS added
     FROM lost JOIN gained USING (${key.join(', ')})`,
  );
  const changed = Number(row['changed']);
  return {
    rowsAdded: Number(row['added']) - changed,
    rowsRemoved: Number(row['removed']) - changed,
    rowsChanged: changed,
  };
}
