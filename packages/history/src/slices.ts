import { type DuckConnection, readRows } from './duck.ts';

/** How many rows each symbol has, in ascending sid; a `Profile` fits. */
export interface RowCounts {
  readonly symbols: readonly { readonly sid: number; readonly rows: number }[];
}

/** A part of the rows: symbols `[fromSid, toSid]`, and within one large symbol times `[fromTs, toTs)`. */
export interface Slice {
  readonly fromSid: number;
  readonly toSid: number;
  /** ns UTC; undefined = unbounded. */
  readonly fromTs?: bigint | undefined;
  readonly toTs?: bigint | undefined;
}

/**
 * Rows sorted at once. A sort of 10 M ticks in one go ran out of memory at 512 MB; in slices of this size it takes 256, and as
 * long as in slices of 1 M.
 */
export const SLICE_ROWS = 500_000;

const MINUTE_NS = 60_000_000_000n;

/**
 * Cuts a relation into slices of at most about `maxRows` rows that follow each other in the stored order. A symbol with
 * more rows is cut at whole minutes counted from `originNs`, so that no candle is cut.
 */
export async function slicesOf(
  connection: DuckConnection,
  relation: string,
  counts: RowCounts,
  originNs: bigint,
  maxRows: number = SLICE_ROWS,
): Promise<readonly Slice[]> {
  const slices: Slice[] = [];
  let open: { fromSid: number; toSid: number; rows: number } | undefined;
  const close = (): void => {
    if (open) slices.push({ fromSid: open.fromSid, toSid: open.toSid });
    open = undefined;
  };
  for (const { sid, rows } of counts.symbols) {
    if (rows > maxRows) {
      close();
      slices.push(...(await slicesOfSymbol(connection, relation, sid, originNs, maxRows)));
      continue;
    }
    if (open && open.rows + rows > maxRows) close();
    if (open) open = { fromSid: open.fromSid, toSid: sid, rows: open.rows + rows };
    else open = { fromSid: sid, toSid: sid, rows };
  }
  close();
  return slices;
}

async function slicesOfSymbol(
  connection: DuckConnection,
  relation: string,
  sid: number,
  originNs: bigint,
  maxRows: number,
): Promise<Slice[]> {
  const minutes = await readRows(
    connection,
    `SELECT (epoch_ns(ts) - ${originNs})::HUGEINT // ${MINUTE_NS} - (CASE WHEN epoch_ns(ts) < ${originNs} THEN 1 ELSE 0 END) AS m, count(*) AS n
     FROM ${relation} WHERE sid = ${sid} GROUP BY m ORDER BY m`,
  );
  const slices: Slice[] = [];
  let fromTs: bigint | undefined;
  let rows = 0;
  for (const minute of minutes) {
    const count = Number(minute['n']);
    if (rows > 0 && rows + count > maxRows) {
      const toTs = originNs + (minute['m'] as bigint) * MINUTE_NS;
      slices.push({ fromSid: sid, toSid: sid, fromTs, toTs });
      fromTs = toTs;
      rows = 0;
    }
    rows += count;
  }
  slices.push({ fromSid: sid, toSid: sid, fromTs });
  return slices;
}

/** The slice as a WHERE condition over `sid` and `ts`. */
export function sliceCondition(slice: Slice): string {
  const parts = [`sid BETWEEN ${slice.fromSid} AND ${slice.toSid}`];
  if (slice.fromTs !== undefined) parts.push(`ts >= make_timestamp_ns(${slice.fromTs})`);
  if (slice.toTs !== undefined) parts.push(`ts < make_timestamp_ns(${slice.toTs})`);
  return parts.join(' AND ');
}
