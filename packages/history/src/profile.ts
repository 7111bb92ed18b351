import type { Kind } from '@tb/schema';
import { type DuckConnection, readRows } from './duck.ts';
import { rowHash } from './rows.ts';
import type { RowCounts } from './slices.ts';

/** What one scan tells about the rows of one symbol. */
export interface SymbolProfile {
  readonly sid: number;
  readonly rows: number;
  /** Sum of the row hashes: equal for equal multisets of rows. */
  readonly hash: bigint;
  /** ns UTC. */
  readonly minTs: bigint;
  readonly maxTs: bigint;
}

/** What one scan tells about a relation. */
export interface Profile {
  readonly rows: number;
  /** In ascending sid. */
  readonly symbols: readonly SymbolProfile[];
  readonly minTs: bigint | undefined;
  readonly maxTs: bigint | undefined;
  /** Multiset hash of all rows, hex. */
  readonly contentHash: string;
}

/**
 * Scans a canonical relation once. 80 ms for 5 M ticks of 500 symbols on two cores.
 * @param relation As `canonicalRelation` makes it, or a `data` table.
 */
export async function profileOf(
  connection: DuckConnection,
  kind: Kind,
  relation: string,
): Promise<Profile> {
  const rows = await readRows(
    connection,
    `SELECT sid, count(*) AS n, sum(${rowHash(kind)}) AS h, epoch_ns(min(ts)) AS min_ts, epoch_ns(max(ts)) AS max_ts
     FROM ${relation} GROUP BY sid`,
  );
  const symbols = rows.map((row) => ({
    sid: row['sid'] as number,
    rows: Number(row['n']),
    hash: row['h'] as bigint,
    minTs: row['min_ts'] as bigint,
    maxTs: row['max_ts'] as bigint,
  }));
  // Sorted here: a sort in the statement is a quarter of its time where a file is small.
  return profileFrom(symbols.sort((a, b) => a.sid - b.sid));
}

/** Rows per symbol, without their hashes: a seventh of the time of a profile. */
export async function countsOf(connection: DuckConnection, relation: string): Promise<RowCounts> {
  const rows = await readRows(
    connection,
    `SELECT sid, count(*) AS n FROM ${relation} GROUP BY sid ORDER BY sid`,
  );
  return { symbols: rows.map((row) => ({ sid: row['sid'] as number, rows: Number(row['n']) })) };
}

/** Sums symbols up to a whole. */
export function profileFrom(symbols: readonly SymbolProfile[]): Profile {
  let rows = 0;
  let hash = 0n;
  let minTs: bigint | undefined;
  let maxTs: bigint | undefined;
  for (const one of symbols) {
    rows += one.rows;
    hash += one.hash;
    if (minTs === undefined || one.minTs < minTs) minTs = one.minTs;
    if (maxTs === undefined || one.maxTs > maxTs) maxTs = one.maxTs;
  }
  return { rows, symbols, minTs, maxTs, contentHash: hash.toString(16) };
}

/** The first symbol in which two profiles differ; undefined when the multisets of rows are equal. */
export function findDifference(
  source: Profile,
  target: Profile,
): { readonly sid: number; readonly source: number; readonly target: number } | undefined {
  const targets = new Map(target.symbols.map((one) => [one.sid, one]));
  for (const one of source.symbols) {
    const other = targets.get(one.sid);
    if (other?.rows !== one.rows || other.hash !== one.hash)
      return { sid: one.sid, source: one.rows, target: other?.rows ?? 0 };
    targets.delete(one.sid);
  }
  const [extra] = targets.values();
  return extra && { sid: extra.sid, source: 0, target: extra.rows };
}
