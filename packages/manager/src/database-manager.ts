import type { SessionCalendar } from '@tb/calendar';
import type { ManifestWriter } from '@tb/history';
import type { LiveBuffer } from '@tb/live';
import type { Layout, MarketDataReader, StoreName } from '@tb/schema';
import type { Kysely } from 'kysely';
import { openManager } from './open-manager.ts';
import type { OpenOptions, WriteOptions } from './open-options.ts';
import type { Role, StoreTables, WritableStore } from './role.ts';
import type { SqlOptions, SqlSession } from './sql/sql-session.ts';

/** What every role may do: read everything, at any time, without a lock. */
export interface ManagerBase<R extends Role> extends AsyncDisposable {
  readonly role: R;
  readonly layout: Layout;
  /** History and live as one; what `MarketDataQuery` of @tb/queries is handed. */
  readonly marketData: MarketDataReader;
  /**
   * Runs `body` in one transaction of a store that this role owns: BEGIN IMMEDIATE, the epoch of the writer lock checked
   * inside it, COMMIT on return, ROLLBACK on a throw. Writes of one process queue up and run one after the other; await
   * every query inside the body. Integers are bigint, decimals text.
   *
   * @throws `NOT_OWNER`; `NESTED_WRITE` inside another body; `FENCED`, `LOCK_LOST` when this writer was superseded, and
   *   for ops and backtest `LOCK_HELD`; `CONSTRAINT`, `STORE_BUSY`, `STORE_FULL`, `STORE_FAILED`, `COMMIT_UNCERTAIN`,
   *   `TRANSACTION_ENDED`, `WRITE_ABORTED`, `MANAGER_CLOSED`; and what `body` throws.
   */
  write<S extends WritableStore<R>, T>(
    store: S,
    body: (tx: Kysely<StoreTables[S]>) => Promise<T>,
    options?: WriteOptions,
  ): Promise<T>;
  /**
   * Runs `body` on one moment of a store, through a connection that is read-only at the engine. Waits for no writer. A read
   * inside a read of the same store shares its moment.
   *
   * @throws `STATEMENT_REFUSED` for a statement that writes; `STORE_FAILED`, `TRANSACTION_ENDED`, `MANAGER_CLOSED`
   */
  read<S extends StoreName, T>(
    store: S,
    body: (db: Kysely<StoreTables[S]>) => Promise<T>,
  ): Promise<T>;
  /** Sessions of an exchange, with the holidays of `calendars/<exchange>.json`. @throws `CALENDAR_MISSING` */
  calendarOf(exchange: string): SessionCalendar;
  /** Read-only SQL over views of history and live, shut off from files, network and settings: `tb sql`. */
  openSql(options?: SqlOptions): Promise<SqlSession>;
  /**
   * Lets running writes and reads end, then closes in reverse order of opening: DuckDB, SQLite, live buffers, locks last.
   * May be called twice. @throws TypeError inside a body of `write` or `read`, which it would wait for
   */
  close(): Promise<void>;
}

/** What only an ingestor has. */
export interface LiveOwner {
  /** The live buffer of one of the exchanges that were opened. @throws RangeError for another one */
  live(exchange: string): LiveBuffer;
}

/** What an ingestor and ops have. */
export interface MarketDataOwner {
  /**
   * Takes the lock of market_data for a publication; the caller closes it. Take it after the live buffer's, never before.
   * @throws `LOCK_HELD`
   */
  marketDataWriter(options?: {
    readonly purpose?: string | undefined;
    readonly waitMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<ManifestWriter>;
}

/**
 * Every connection of one process to a data root. What its role may not write does not compile; code that went around the
 * compiler meets `NOT_OWNER`, and behind that a connection that is read-only at the engine.
 */
export type DatabaseManager<R extends Role> = ManagerBase<R> &
  ([R] extends ['ingestor'] ? LiveOwner : unknown) &
  ([R] extends ['ingestor' | 'ops'] ? MarketDataOwner : unknown);

export const DatabaseManager: {
  /**
   * Opens a data root for one role. Owners take the lock of what they own, for as long as the manager is open: an
   * ingestor that of each of its live buffers, execution, scanner and api that of their store. `ops` and `backtest` take a
   * lock for each write, a reader none. A failure gives back everything that was taken.
   *
   * ```ts
   * await using manager = await DatabaseManager.open({ root: 'data', role: 'scanner' });
   * await manager.write('signals', (tx) => tx.insertInto('signals').values(signal).execute());
   * ```
   *
   * @throws `NOT_INITIALISED`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`; `LOCK_HELD` and the other codes of a lock
   */
  open<const R extends Role>(options: OpenOptions<R>): Promise<DatabaseManager<R>>;
} = { open: openManager };
