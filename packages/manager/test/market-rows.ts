import type { MarketDataReader, MarketDataRequest, MarketDataSnapshot } from '@tb/schema';

/** All time, in the range of int64 ns that a trading date can have. */
export const ALWAYS = { from: -(2n ** 62n), to: 2n ** 62n };

/** Rows of a snapshot in the order of their key, as text, one a row: what two reads are compared by. */
export async function rowsOf(
  snapshot: MarketDataSnapshot,
  range: { from: bigint; to: bigint } = ALWAYS,
): Promise<string[]> {
  const rows: string[] = [];
  const parts = snapshot.sources.map((source) => `SELECT * FROM ${source.relation}`);
  if (parts.length === 0) return rows;
  const sql = `SELECT * FROM (${parts.join(' UNION ALL ')}) WHERE epoch_ns(ts) >= ${range.from} AND epoch_ns(ts) < ${range.to} ORDER BY ALL`;
  for await (const chunk of snapshot.stream(sql))
    for (let row = 0; row < chunk.rows; row++) {
      const values = chunk.columns.map((column, index) =>
        chunk.valid[index]?.[row] === 0 ? 'null' : String(column[row]),
      );
      rows.push(values.join(' '));
    }
  return rows;
}

/** One read: the rows and what the snapshot said. */
export async function read(
  reader: MarketDataReader,
  request: Omit<MarketDataRequest, 'from' | 'to'> & { from?: bigint; to?: bigint },
) {
  const full = { ...ALWAYS, ...request };
  await using snapshot = await reader.snapshot(full);
  return {
    rows: await rowsOf(snapshot, full),
    origins: snapshot.sources.map((source) => source.origin),
    tradingDates: snapshot.tradingDates,
    watermark: snapshot.watermark,
    coverage: snapshot.coverage,
    files: snapshot.sources.flatMap((source) => source.files ?? []),
  };
}
