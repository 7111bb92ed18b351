import type { openBuildInstance } from '@tb/history';
import { type LiveSnapshot, loadCandles, loadTicks, type TickChunk, verifySegment } from '@tb/live';

/** What this file needs of a connection: that of `openBuildInstance`. */
type Connection = Awaited<ReturnType<typeof openBuildInstance>>['connection'];

/** A relation over the ticks of a date: its segments, attached read-only, and its tail, loaded. undefined: it has none. */
export async function attachTicks(
  connection: Connection,
  snapshot: LiveSnapshot,
  tradingDate: string,
): Promise<string | undefined> {
  const relations: string[] = [];
  for (const segment of snapshot.segments.filter((each) => each.tradingDate === tradingDate)) {
    await verifySegment(segment);
    await connection.run(
      `ATTACH '${segment.path.replaceAll("'", "''")}' AS segment_${segment.id} (TYPE duckdb, READ_ONLY)`,
    );
    relations.push(`SELECT sid, ts, seq, price, volume, bid, ask FROM segment_${segment.id}.data`);
  }
  const tail = snapshot.tail.filter((chunk) => chunk.tradingDate === tradingDate);
  if (tail.length > 0) relations.push(await loadChunks(connection, 'tail', tail));
  return relations.length === 0 ? undefined : relations.join(' UNION ALL ');
}

/** A SELECT over batches of ticks, loaded into a table of this name. */
export async function loadChunks(
  connection: Connection,
  table: string,
  chunks: readonly TickChunk[],
): Promise<string> {
  await connection.run(
    `CREATE TABLE ${table} (sid INTEGER, ts TIMESTAMP_NS, seq BIGINT, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE)`,
  );
  await loadTicks(connection as unknown as Parameters<typeof loadTicks>[0], table, chunks);
  return `SELECT sid, ts, seq, price, volume, bid, ask FROM ${table}`;
}

/**
 * Supplied candles of symbols that have no ticks that day, of a snapshot that holds the supplied ones. undefined: there are
 * none.
 */
export async function loadSupplied(
  connection: Connection,
  snapshot: LiveSnapshot,
  tradingDate: string,
  ticks: string | undefined,
): Promise<string | undefined> {
  const candles = snapshot.candles(tradingDate);
  if (candles.rows === 0) return undefined;
  await connection.run(
    'CREATE TABLE supplied (sid INTEGER, ts TIMESTAMP_NS, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE)',
  );
  await loadCandles(
    connection as unknown as Parameters<typeof loadCandles>[0],
    'supplied',
    candles,
  );
  if (ticks !== undefined)
    await connection.run(`DELETE FROM supplied WHERE sid IN (SELECT DISTINCT sid FROM (${ticks}))`);
  const left = await connection.runAndReadAll('SELECT count(*) AS n FROM supplied');
  return Number(left.getRowObjects()[0]?.['n']) === 0 ? undefined : 'SELECT * FROM supplied';
}
