import { SymbolRegistry } from '@tb/history';
import { LiveBuffer } from '@tb/live';
import { Disposal, WriterLock } from '@tb/locks';
import { type Database, type Layout, layoutOf, type StoreName } from '@tb/schema';
import { Calendars } from './calendars.ts';
import type { DatabaseManager } from './database-manager.ts';
import type { ManagerEventHandler } from './event.ts';
import { findIdentity } from './file-identity.ts';
import { HistoryAndLiveReader } from './market/market-data-reader.ts';
import type { OpenOptions } from './open-options.ts';
import { type ManagerParts, OpenedManager } from './opened-manager.ts';
import { lockModeOf, ROLES, type Role } from './role.ts';
import { BodyContext } from './store/body-context.ts';
import { openStore } from './store/open-store.ts';
import { assertInitialised, STORES } from './store/schema-version.ts';
import { StoreReader } from './store/store-reader.ts';
import { StoreWriter } from './store/store-writer.ts';

/** The index is written by many short runs, so a run waits for its turn. */
const BACKTEST_WAIT_MS = 10_000;
/** A new symbol waits while another process publishes. */
const SYMBOLS_WAIT_MS = 10_000;

interface Opening {
  readonly role: Role;
  readonly layout: Layout;
  readonly purpose: string;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly synchronous: 'full' | 'normal';
  readonly flushMs: number | undefined;
  readonly onEvent: ManagerEventHandler;
  readonly context: BodyContext;
  readonly calendars: Calendars;
  readonly held: Disposal;
}

/** `DatabaseManager.open`. */
export async function openManager<const R extends Role>(
  options: OpenOptions<R>,
): Promise<DatabaseManager<R>> {
  const exchanges = assertOptions(options);
  const layout = layoutOf(options.root);
  await assertInitialised(layout);
  await using held = new Disposal(); // a throw below gives back what was taken so far, newest first
  const opening: Opening = {
    role: options.role,
    layout,
    purpose: options.purpose ?? options.role,
    waitMs: options.waitMs ?? (options.role === 'backtest' ? BACKTEST_WAIT_MS : 0),
    signal: options.signal,
    synchronous: options.synchronous ?? 'full',
    flushMs: options.flushMs,
    onEvent: options.onEvent ?? (() => {}),
    context: new BodyContext(),
    calendars: new Calendars(layout),
    held,
  };
  const buffers = await openBuffers(opening, exchanges);
  const writers = await openOwnStores(opening);
  const readers = makeReaders(opening);
  const { onEvent } = opening;
  const reader = new HistoryAndLiveReader({ layout, duckdb: options.duckdb, onEvent });
  held.defer(() => reader.close());
  const parts: ManagerParts = {
    ...opening,
    reader,
    readers,
    buffers,
    useWriter: (store, signal, work) => {
      const writer = writers.get(store);
      return writer ? work(writer) : withWriter(opening, store, signal, work);
    },
    held: held.move(),
  };
  // The class has the methods of every role; the type shows those of this one.
  return new OpenedManager(parts) as unknown as DatabaseManager<R>;
}

/** @returns The exchanges of an ingestor in the order in which their locks are taken: every process takes them alike. */
function assertOptions(options: OpenOptions<Role>): readonly string[] {
  if (!ROLES.includes(options.role))
    throw new RangeError(`Role ${JSON.stringify(options.role)} is none of ${ROLES.join(', ')}`);
  const exchanges = [...new Set(options.exchanges ?? [])].sort();
  if (options.role === 'ingestor' && exchanges.length === 0)
    throw new TypeError('An ingestor names at least one exchange');
  if (options.role !== 'ingestor' && exchanges.length > 0)
    throw new TypeError(`Role ${options.role} owns no live buffer: leave out exchanges`);
  return exchanges;
}

async function openBuffers(
  opening: Opening,
  exchanges: readonly string[],
): Promise<ReadonlyMap<string, LiveBuffer>> {
  const buffers = new Map<string, LiveBuffer>();
  if (exchanges.length === 0) return buffers;
  const { layout, held, waitMs, signal, purpose, synchronous, flushMs, calendars, onEvent } =
    opening;
  const registry = held.use(
    SymbolRegistry.open({
      layout,
      waitMs: Math.max(waitMs, SYMBOLS_WAIT_MS),
      onEvent: (event) => onEvent({ type: 'lock', database: 'market_data', event }),
    }),
  );
  for (const exchange of exchanges) {
    const calendar = calendars.of(exchange);
    const buffer = await LiveBuffer.open({
      layout,
      exchange,
      calendar,
      registry,
      synchronous,
      flushMs,
      waitMs,
      purpose,
      signal,
      onEvent: (event) => onEvent({ type: 'live', exchange, event }),
    });
    buffers.set(exchange, held.use(buffer));
  }
  return buffers;
}

/** The store that a role owns for life, ready to write. */
async function openOwnStores(opening: Opening): Promise<ReadonlyMap<StoreName, StoreWriter>> {
  const writers = new Map<StoreName, StoreWriter>();
  for (const store of STORES)
    if (lockModeOf(opening.role, store) === 'life')
      writers.set(store, await openWriter(opening, store, opening.held, opening.signal));
  return writers;
}

/** One write under a lock of its own. */
async function withWriter<T>(
  opening: Opening,
  store: StoreName,
  signal: AbortSignal | undefined,
  work: (writer: StoreWriter) => Promise<T>,
): Promise<T> {
  await using held = new Disposal();
  return await work(await openWriter(opening, store, held, signal));
}

async function openWriter(
  opening: Opening,
  store: StoreName,
  held: Disposal,
  signal: AbortSignal | undefined,
): Promise<StoreWriter> {
  const { layout, purpose, waitMs, onEvent, context } = opening;
  const database: Database = store === 'index' ? 'backtest' : store;
  let lock: WriterLock | undefined;
  held.defer(() => lock?.release()); // before the connection that it fences, so that it goes after it
  const db = openStore(layout, store, 'write');
  held.defer(() => void db.close());
  lock = await WriterLock.acquire(layout.lockDir(database), {
    fence: db,
    purpose,
    waitMs,
    signal,
    onEvent: (event) => onEvent({ type: 'lock', database, event }),
  });
  return new StoreWriter(store, db, lock, context);
}

function makeReaders(opening: Opening): Readonly<Record<StoreName, StoreReader>> {
  const { layout, context, held } = opening;
  const make = (store: StoreName): StoreReader => {
    const reader = new StoreReader(store, context, {
      open: () => openStore(layout, store, 'read'),
      identity: () => findIdentity(layout.storeDb(store)),
    });
    held.defer(() => reader.close());
    return reader;
  };
  return {
    trading: make('trading'),
    signals: make('signals'),
    config: make('config'),
    index: make('index'),
  };
}
