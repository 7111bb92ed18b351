import { type LiveSnapshot, loadCandles } from '@tb/live';
import type { CandleColumns } from '@tb/schema';
import type { DuckEngine } from './duck-engine.ts';

/** Live 1m candles of one trading date as a table of their own; dropped by `release()`. */
export interface CandleTable {
  readonly relation: string;
  readonly rows: number;
  /** Of all symbols, whichever were loaded. */
  readonly minTs: bigint;
  readonly maxTs: bigint;
  release(): Promise<void>;
}

/**
 * Loads the closed, revised and forming 1m candles of a date. They change in place while a minute forms, so each snapshot
 * has its own copy, of the symbols that it asked for.
 *
 * @returns undefined when the date has none
 */
export async function loadCandleTable(
  engine: DuckEngine,
  live: LiveSnapshot,
  tradingDate: string,
  sids: ReadonlySet<number> | undefined,
): Promise<CandleTable | undefined> {
  const all = live.candles(tradingDate, { forming: true });
  if (all.rows === 0) return undefined;
  const candles = sids ? onlySids(all, sids) : all;
  const table = engine.newName('candles');
  await engine.run(
    `CREATE TABLE memory.main.${table} (sid INTEGER NOT NULL, ts TIMESTAMP_NS NOT NULL, open DOUBLE NOT NULL,
high DOUBLE NOT NULL, low DOUBLE NOT NULL, close DOUBLE NOT NULL, volume DOUBLE NOT NULL)`,
  );
  const release = async (): Promise<void> => {
    if (engine.isUsable) await engine.run(`DROP TABLE IF EXISTS memory.main.${table}`);
  };
  try {
    await engine.use((connection) =>
      loadCandles(connection, { table, schema: 'main', catalog: 'memory' }, candles),
    );
  } catch (error) {
    await release();
    throw error;
  }
  return { relation: `memory.main.${table}`, rows: candles.rows, ...extentOf(all.ts), release };
}

/** First and last of times that are at least one. */
export function extentOf(ts: BigInt64Array): { minTs: bigint; maxTs: bigint } {
  let minTs = ts[0] as bigint;
  let maxTs = minTs;
  for (const value of ts) {
    if (value < minTs) minTs = value;
    if (value > maxTs) maxTs = value;
  }
  return { minTs, maxTs };
}

function onlySids(all: CandleColumns, sids: ReadonlySet<number>): CandleColumns {
  const rows: number[] = [];
  for (let row = 0; row < all.rows; row++) if (sids.has(all.sid[row] as number)) rows.push(row);
  const numbers = (values: Float64Array): Float64Array =>
    Float64Array.from(rows, (row) => values[row] as number);
  return {
    rows: rows.length,
    sid: Int32Array.from(rows, (row) => all.sid[row] as number),
    ts: BigInt64Array.from(rows.map((row) => all.ts[row] as bigint)),
    open: numbers(all.open),
    high: numbers(all.high),
    low: numbers(all.low),
    close: numbers(all.close),
    volume: numbers(all.volume),
  };
}
