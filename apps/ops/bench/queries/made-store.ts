import { calendarOf, type Session } from '@tb/calendar';
import {
  type BuildInstance,
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
  staleWhole,
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

export interface MadeStore extends AsyncDisposable {
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
  buildMonths(timeframe: StoredTimeframe): Promise<void>;
}

/** Files built at the same time: half of a small file's time is waiting for the disk. */
const LANES = 3;

/** A data root with symbols and nothing else. Files are built and published by @tb/history, as an import does. */
export async function openMadeStore(root: string, symbols: number): Promise<MadeStore> {
  const layout = layoutOf(root);
  await initialiseRoot(layout);
  const writer = await ManifestWriter.open({ layout, purpose: 'bench' });
  const bySymbol = await writer.sidsOf(EXCHANGE, symbolNames(symbols), '2000-01-03');
  const sids = [...bySymbol.values()].sort((a, b) => a - b);
  const bySid = new Map([...bySymbol].map(([symbol, sid]) => [sid, symbol]));
  const lanes = await openLanes();
  const { connection } = lanes[0]!;
  return {
    connection,
    sids: [sids[0]!, sids.at(-1)! + 1],
    publish: async (kind, timeframe, sessions, rowsSql) => {
      const built = await inLanes(lanes, sessions, (lane, session) => {
        const { tradingDate, open: originNs } = session;
        const key = { exchange: EXCHANGE, kind, timeframe, tradingDate, revision: 1 };
        const made = { layout, key, symbols: bySid, sourceFingerprint: 'bench', originNs };
        return buildDayFile(lane.connection, { ...made, rowsSql: rowsSql(session) });
      });
      await publishFiles(writer, built);
    },
    buildMonths: (timeframe) => buildMonths(writer, connection, layout, timeframe),
    [Symbol.asyncDispose]: async () => {
      await writer.close();
      for (const lane of lanes) lane.close();
    },
  };
}

async function openLanes(): Promise<BuildInstance[]> {
  const lanes: BuildInstance[] = [];
  for (let lane = 0; lane < LANES; lane++)
    lanes.push(await openBuildInstance({ memoryLimitMb: 1024 }));
  return lanes;
}

/** The results of `build` in the order of the sessions. */
async function inLanes(
  lanes: readonly BuildInstance[],
  sessions: readonly Session[],
  build: (lane: BuildInstance, session: Session) => Promise<BuiltFile>,
): Promise<BuiltFile[]> {
  const built: BuiltFile[] = [];
  const waiting = sessions.entries();
  const work = async (lane: BuildInstance): Promise<void> => {
    for (const [at, session] of waiting) built[at] = await build(lane, session);
  };
  await Promise.all(lanes.map(work));
  return built;
}

async function buildMonths(
  writer: ManifestWriter,
  connection: DuckConnection,
  layout: Layout,
  timeframe: StoredTimeframe,
): Promise<void> {
  using manifest = Manifest.openReader(layout);
  const of = () => ({ layout, snapshot: manifest.snapshot(), exchange: EXCHANGE, timeframe });
  for (const month of staleMonths(of()))
    await publishMonth(writer, await buildMonth(connection, { ...of(), month }));
  const whole = staleWhole(of());
  if (whole !== undefined)
    await publishMonth(writer, await buildMonth(connection, { ...of(), month: whole }));
}
