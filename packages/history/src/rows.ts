import type { Kind } from '@tb/schema';
import { COLUMNS } from './day-file.ts';
import { type DuckConnection, readRows } from './duck.ts';

const WHOLE = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
]);
const NUMBER = new Set([...WHOLE, 'UBIGINT', 'FLOAT', 'DOUBLE']);

/** Types that reach a stored type without losing anything; a zoned time, for one, would depend on the session. */
const ACCEPTED: Readonly<Record<string, ReadonlySet<string>>> = {
  INTEGER: WHOLE,
  BIGINT: WHOLE,
  DOUBLE: NUMBER,
  TIMESTAMP_NS: new Set(['TIMESTAMP_NS', 'TIMESTAMP', 'TIMESTAMP_MS', 'TIMESTAMP_S']),
};

/**
 * A relation with exactly the columns and types of `data`, from any relation that has them. Both sides of every
 * comparison go through it, so that equal rows hash alike. NaN in bid and ask becomes NULL: stored raw it costs 2.7 times
 * the space.
 */
export function canonicalRelation(kind: Kind, relation: string): string {
  const columns = COLUMNS[kind].map(([name, type]) =>
    name === 'bid' || name === 'ask'
      ? `CASE WHEN isnan(${name}::DOUBLE) THEN NULL ELSE ${name}::DOUBLE END AS ${name}`
      : `${name}::${type} AS ${name}`,
  );
  return `(SELECT ${columns.join(', ')} FROM ${relation})`;
}

/** The row hash of `data`; `hash()` is not promised stable between DuckDB versions. */
export function rowHash(kind: Kind): string {
  return `hash(${COLUMNS[kind].map(([name]) => name).join(', ')})`;
}

/**
 * Checks that a relation has the columns of `data` in types that convert without loss.
 * @throws TypeError naming the column.
 */
export async function assertColumns(
  connection: DuckConnection,
  kind: Kind,
  relation: string,
): Promise<void> {
  const rows = await readRows(connection, `DESCRIBE SELECT * FROM ${relation}`);
  const types = new Map(
    rows.map((row) => [String(row['column_name']), String(row['column_type'])]),
  );
  for (const [name, type] of COLUMNS[kind]) {
    const given = types.get(name);
    if (given === undefined) throw new TypeError(`Source rows of ${kind} have no column ${name}`);
    const accepted = ACCEPTED[type] as ReadonlySet<string>;
    // An all-NULL bid or ask has the type INTEGER or "NULL".
    const isAbsent = given === '"NULL"' && (name === 'bid' || name === 'ask');
    if (!accepted.has(given) && !isAbsent)
      throw new TypeError(`Source column ${name} of ${kind} is ${given}, not ${type}`);
  }
}
