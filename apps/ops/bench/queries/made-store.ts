import { calendarOf, type Session } from '@tb/calendar';
import {
  type BuiltFile,
  buildDayFile,
  buildMonth,
  type DuckConnection,
  Manifest,
  ManifestWriter,
  openBuildInstance,
  publishFiles,
  publishMonth,
  staleMonths,
} from '@tb/history';
import { initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf, type StoredTimeframe } from '@tb/schema';

export const EXCHANGE = 'nse';
export const calendar = calendarOf(EXCHANGE);

/** Symbols S0 ... of the store, in the order of their sids. */
export function symbolNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `NSE_EQ|S${String(i).padStart(4, '0')}`);
}

/** How many candles of 5m a session of the store has. */
export function candlesIn(session: Pick<Session, 'open' | 'close'>): number {
  return Math.ceil(Number(session.close - session.open) / 300e9);
}

/** Random, the same each time it is evaluated: a walk would cost more than what is measured. */
const PRICE = '100 + (hash(sid * 1000003 + i) % 10000)::DOUBLE / 100';

/** SELECT of candles of sids `[from, to)`: of 1m, one for each minute of each session. */
export function candlesSql(
  sessions: readonly Session[],
  sids: readonly [number, number],
  timeframe: StoredTimeframe,
): string {
  const hours = sessions.map(({ open, close }) =>
    timeframe === '1d' ? `(${open}, 1)` : `(${open}, ${(close - open) / 60_000_000_000n})`,
  );
  return `SELECT sid, make_timestamp_ns(t) AS ts, p AS open, p + 1 AS high, p - 1 AS low, p + 0.5 AS close, (i % 1000)::DOUBLE AS volume
FROM (SELECT sid, t, i, ${PRICE} AS p FROM (SELECT s::INTEGER AS sid, open_ns + m * 60000000000 AS t, (open_ns // 60000000000) % 10000000 + m AS i
FROM range(${sids[0]}, ${sids[1]}) a(s), (SELECT open_ns, unnest(range(steps)) AS m FROM (VALUES ${hours.join(', ')}) b(open_ns, steps))))`;
}

/** SELECT of `count` ticks a symbol in a session, every second one a quote. */
export function ticksSql(session: Session, sids: readonly [number, number], count: number): string {
  const width = (session.close - session.open) / BigInt(count);
  return `SELECT sid, make_timestamp_ns(${session.open} + i * ${width}) AS ts, i * 1000 + sid AS seq, p AS price, (i % 2)::DOUBLE AS volume,
CASE WHEN i % 2 = 0 THEN p - 0.05 END AS bid, CASE WHEN i % 2 = 0 THEN p + 0.05 END AS ask
FROM (SELECT sid, i, ${PRICE} AS p FROM (SELECT s::INTEGER AS sid, n::BIGINT AS i FROM range(${sids[0]}, ${sids[1]}) a(s), range(${count}) b(n)))`;
}

export interface MadeStore {
  readonly layout: Layout;
  readonly connection: DuckConnection;
  /** First sid, and the one after the last. */
  readonly sids: readonly [number, number];
  /** Builds a file of each session and publishes them together. */
  publish(
    kind: 'ticks' | 'candles',
    timeframe: StoredTimeframe | '',
    sessions: readonly Session[],
    rowsSql: (session: Session) => string,
  ): Promise<void>;
  buildMonths(timeframe: StoredTimeframe): Promise<number>;
  close(): Promise<void>;
}

/** A data root with symbols and nothing else. Files are built and published by @tb/history, as an import does. */
export async function openMadeStore(root: string, symbols: number): Promise<MadeStore> {
  const layout = layoutOf(root);
  await initialiseRoot(layout);
  const duck = await openBuildInstance({ memoryLimitMb: 1024 });
  const writer = await ManifestWriter.open({ layout, purpose: 'bench' });
  const names = symbolNames(symbols);
  const bySymbol = await writer.sidsOf(EXCHANGE, names, '2000-01-03');
  const all = [...bySymbol.values()].sort((a, b) => a - b);
  const { connection } = duck;
  const values = [...bySymbol].map(([symbol, sid]) => `(${sid}, '${symbol}')`).join(', ');
  await connection.run(
    `CREATE TABLE bench_symbols AS SELECT sid::INTEGER AS sid, symbol FROM (VALUES ${values}) v(sid, symbol)`,
  );
  const sids: readonly [number, number] = [all[0]!, all.at(-1)! + 1];
  return {
    layout,
    connection,
    sids,
    publish: async (kind, timeframe, sessions, rowsSql) => {
      const built: BuiltFile[] = [];
      for (const session of sessions) {
        const { tradingDate, open: originNs } = session;
        const key = { exchange: EXCHANGE, kind, timeframe, tradingDate, revision: 1 };
        const symbols = 'memory.main.bench_symbols';
        const made = { layout, key, symbols, sourceFingerprint: 'bench', originNs };
        built.push(await buildDayFile(connection, { ...made, rowsSql: rowsSql(session) }));
      }
      await publishFiles(writer, built);
    },
    buildMonths: async (timeframe) => {
      using manifest = Manifest.openReader(layout);
      const months = staleMonths(manifest.snapshot(), EXCHANGE, timeframe);
      for (const month of months) {
        const snapshot = manifest.snapshot();
        const built = await buildMonth(connection, {
          layout,
          snapshot,
          exchange: EXCHANGE,
          timeframe,
          month,
        });
        await publishMonth(writer, built);
      }
      return months.length;
    },
    close: async () => {
      await writer.close();
      duck.close();
    },
  };
}
