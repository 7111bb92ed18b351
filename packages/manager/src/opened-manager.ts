import type { SessionCalendar } from '@tb/calendar';
import { ManifestWriter } from '@tb/history';
import type { LiveBuffer } from '@tb/live';
import type { Disposal } from '@tb/locks';
import type { Layout, MarketDataReader, StoreName } from '@tb/schema';
import type { Kysely } from 'kysely';
import type { Calendars } from './calendars.ts';
import type { LiveOwner, ManagerBase, MarketDataOwner } from './database-manager.ts';
import { ManagerError } from './errors.ts';
import type { ManagerEventHandler } from './event.ts';
import type { HistoryAndLiveReader } from './market/market-data-reader.ts';
import type { WriteOptions } from './open-options.ts';
import { assertMayWrite, type Role, type StoreTables } from './role.ts';
import type { SqlOptions, SqlSession } from './sql/sql-session.ts';
import type { BodyContext } from './store/body-context.ts';
import type { StoreReader } from './store/store-reader.ts';
import type { StoreWriter } from './store/store-writer.ts';
import { WriteQueue } from './store/write-queue.ts';

/** What `openManager` hands over; `held` gives everything back, newest first. */
export interface ManagerParts {
  readonly role: Role;
  readonly layout: Layout;
  readonly purpose: string;
  readonly waitMs: number;
  readonly onEvent: ManagerEventHandler;
  readonly context: BodyContext;
  readonly calendars: Calendars;
  readonly reader: HistoryAndLiveReader;
  readonly readers: Readonly<Record<StoreName, StoreReader>>;
  readonly buffers: ReadonlyMap<string, LiveBuffer>;
  /** The writer of a store for one call: the one held for life, or one under a lock taken now. */
  useWriter<T>(
    store: StoreName,
    signal: AbortSignal | undefined,
    work: (writer: StoreWriter) => Promise<T>,
  ): Promise<T>;
  readonly held: Disposal;
}

/** The manager of any role: types keep a role from what is not its own, and every method checks again. */
export class OpenedManager implements ManagerBase<Role>, LiveOwner, MarketDataOwner {
  readonly role: Role;
  readonly layout: Layout;
  readonly marketData: MarketDataReader;
  readonly #parts: ManagerParts;
  readonly #writes = new WriteQueue();
  readonly #reads = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.role = parts.role;
    this.layout = parts.layout;
    this.marketData = parts.reader;
  }

  async write<S extends StoreName, T>(
    store: S,
    body: (tx: Kysely<StoreTables[S]>) => Promise<T>,
    options: WriteOptions = {},
  ): Promise<T> {
    assertMayWrite(this.role, store);
    this.#assertOpen();
    const around = this.#parts.context.find((outer) => outer.access === 'write');
    if (around)
      throw new ManagerError(
        'NESTED_WRITE',
        `write('${store}') was called inside the body of write('${around.store}')`,
      );
    const { signal } = options;
    return this.#writes.run(
      () => this.#parts.useWriter(store, signal, (writer) => writer.write(body)),
      signal,
    );
  }

  async read<S extends StoreName, T>(
    store: S,
    body: (db: Kysely<StoreTables[S]>) => Promise<T>,
  ): Promise<T> {
    const reader = this.#parts.readers[store];
    if (!reader)
      throw new RangeError(
        `Store ${JSON.stringify(store)} is none of trading, signals, config, index`,
      );
    this.#assertOpen();
    const running = reader.read(body);
    this.#reads.add(running);
    try {
      return await running;
    } finally {
      this.#reads.delete(running);
    }
  }

  live(exchange: string): LiveBuffer {
    if (this.role !== 'ingestor')
      throw new ManagerError(
        'NOT_OWNER',
        `Role ${this.role} has no live buffer, ingestor owns them`,
        {
          hint: "Write live rows from the process that was opened with role 'ingestor'.",
        },
      );
    this.#assertOpen();
    const buffer = this.#parts.buffers.get(exchange);
    if (!buffer)
      throw new RangeError(
        `Exchange ${JSON.stringify(exchange)} was not opened; open are ${[...this.#parts.buffers.keys()].join(' ')}`,
      );
    return buffer;
  }

  async marketDataWriter(
    options: {
      readonly purpose?: string | undefined;
      readonly waitMs?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<ManifestWriter> {
    if (this.role !== 'ingestor' && this.role !== 'ops')
      throw new ManagerError(
        'NOT_OWNER',
        `Role ${this.role} may not write market_data, which ingestor owns`,
        { hint: "Publish from a process that was opened with role 'ingestor' or 'ops'." },
      );
    this.#assertOpen();
    return ManifestWriter.open({
      layout: this.layout,
      purpose: options.purpose ?? this.#parts.purpose,
      waitMs: options.waitMs ?? this.#parts.waitMs,
      signal: options.signal,
      onEvent: (event) => this.#parts.onEvent({ type: 'lock', database: 'market_data', event }),
    });
  }

  calendarOf(exchange: string): SessionCalendar {
    return this.#parts.calendars.of(exchange);
  }

  async openSql(options: SqlOptions = {}): Promise<SqlSession> {
    this.#assertOpen();
    return this.#parts.reader.openSql(this.#parts.calendars, options);
  }

  async close(): Promise<void> {
    const around = this.#parts.context.find(() => true);
    if (around)
      throw new TypeError(
        `close() was called inside the body of a ${around.access}, which it would wait for`,
      );
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#writes.idle();
    await Promise.allSettled([...this.#reads]); // their callers get the errors
    await this.#parts.held[Symbol.asyncDispose]();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new ManagerError('MANAGER_CLOSED', 'The DatabaseManager was used after close()');
  }
}
