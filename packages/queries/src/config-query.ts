import type {
  ConfigDatabase,
  DownloadJobRow,
  InstrumentGroupRow,
  InstrumentRow,
  RunnerRow,
  UserRow,
  WatchlistRow,
} from '@tb/schema';
import type { Kysely, Selectable } from 'kysely';
import type { CorporateAction, CorporateHistory, SymbolChange } from './corporate-actions.ts';

export type Instrument = Selectable<InstrumentRow>;
export type InstrumentGroupMember = Selectable<InstrumentGroupRow>;
export type WatchlistEntry = Selectable<WatchlistRow>;
export type Runner = Selectable<RunnerRow>;
export type DownloadJob = Selectable<DownloadJobRow>;
/** A user without the hash of the password, which no query gives out. */
export type User = Omit<Selectable<UserRow>, 'password_hash'> & {
  readonly roles: readonly string[];
};

export interface InstrumentFilter {
  readonly exchange: string;
  readonly symbols?: readonly string[] | undefined;
  readonly segment?: string | undefined;
  readonly instrumentType?: string | undefined;
  readonly tradingSymbol?: string | undefined;
  /** Listed on this trading date; an unknown date of listing counts as listed. */
  readonly listedOn?: string | undefined;
  /** Default false: also those that are not active. */
  readonly activeOnly?: boolean | undefined;
}

/** Symbols in one statement, far below SQLite's limit of 32,766 parameters. */
const SYMBOLS_A_STATEMENT = 500;

/** Reads of the config database, on any handle of Kysely. Rows have the column names of the schema. */
export class ConfigQuery {
  readonly #db: Kysely<ConfigDatabase>;

  constructor(db: Kysely<ConfigDatabase>) {
    this.#db = db;
  }

  /** A setting as the JSON value it is; undefined when it was never set. The shape is the caller's to check. */
  async setting(key: string): Promise<unknown> {
    const row = await this.#db
      .selectFrom('settings')
      .select('value')
      .where('key', '=', key)
      .executeTakeFirst();
    return row && JSON.parse(row.value);
  }

  /** All settings whose key begins with the prefix, by key. */
  async settings(prefix = ''): Promise<ReadonlyMap<string, unknown>> {
    const rows = await this.#db
      .selectFrom('settings')
      .select(['key', 'value'])
      .orderBy('key')
      .execute();
    const wanted = rows.filter((row) => row.key.startsWith(prefix));
    return new Map(wanted.map((row) => [row.key, JSON.parse(row.value) as unknown]));
  }

  async user(username: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('users')
      .select(['username', 'created_at', 'attributes'])
      .where('username', '=', username)
      .executeTakeFirst();
    if (!row) return undefined;
    const roles = await this.#db
      .selectFrom('user_roles')
      .select('role_name')
      .where('username', '=', username)
      .orderBy('role_name')
      .execute();
    return { ...row, roles: roles.map((role) => role.role_name) };
  }

  /** In the order in which symbols were added. */
  async watchlist(username: string, watchlist = 'default'): Promise<WatchlistEntry[]> {
    return this.#db
      .selectFrom('watchlists')
      .selectAll()
      .where('username', '=', username)
      .where('watchlist', '=', watchlist)
      .orderBy('added_at')
      .orderBy('exchange')
      .orderBy('symbol')
      .execute();
  }

  /** Names of the watchlists of a user. */
  async watchlists(username: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('watchlists')
      .select('watchlist')
      .distinct()
      .where('username', '=', username)
      .orderBy('watchlist')
      .execute();
    return rows.map((row) => row.watchlist);
  }

  async instrument(exchange: string, symbol: string): Promise<Instrument | undefined> {
    return this.#db
      .selectFrom('instruments')
      .selectAll()
      .where('exchange', '=', exchange)
      .where('symbol', '=', symbol)
      .executeTakeFirst();
  }

  /** By symbol. */
  async instruments(filter: InstrumentFilter): Promise<Instrument[]> {
    if (!filter.symbols) return this.#instruments(filter, undefined);
    const parts = await inParts(filter.symbols, (part) => this.#instruments(filter, part));
    return parts.sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  }

  async #instruments(
    filter: InstrumentFilter,
    symbols: readonly string[] | undefined,
  ): Promise<Instrument[]> {
    const { listedOn, segment, instrumentType, tradingSymbol } = filter;
    let query = this.#db
      .selectFrom('instruments')
      .selectAll()
      .where('exchange', '=', filter.exchange);
    if (symbols) query = query.where('symbol', 'in', symbols);
    if (segment !== undefined) query = query.where('segment', '=', segment);
    if (instrumentType !== undefined) query = query.where('instrument_type', '=', instrumentType);
    if (tradingSymbol !== undefined) query = query.where('trading_symbol', '=', tradingSymbol);
    if (filter.activeOnly) query = query.where('is_active', '=', 1n);
    if (listedOn !== undefined)
      query = query
        .where((eb) => eb.or([eb('listed_from', 'is', null), eb('listed_from', '<=', listedOn)]))
        .where((eb) => eb.or([eb('listed_to', 'is', null), eb('listed_to', '>', listedOn)]));
    return query.orderBy('symbol').execute();
  }

  /** Active members of a named set of instruments, by exchange and symbol. */
  async group(groupName: string): Promise<InstrumentGroupMember[]> {
    return this.#db
      .selectFrom('instrument_groups')
      .selectAll()
      .where('group_name', '=', groupName)
      .where('is_active', '=', 1n)
      .orderBy('exchange')
      .orderBy('symbol')
      .execute();
  }

  /** Which runners should run. */
  async runners(filter: { readonly enabledOnly?: boolean | undefined } = {}): Promise<Runner[]> {
    let query = this.#db.selectFrom('runners').selectAll();
    if (filter.enabledOnly) query = query.where('is_enabled', '=', 1n);
    return query
      .orderBy('strategy_id')
      .orderBy('exchange')
      .orderBy('symbol')
      .orderBy('timeframe')
      .execute();
  }

  /** Oldest first. */
  async downloadJobs(
    filter: { readonly state?: DownloadJob['state'] | undefined } = {},
  ): Promise<DownloadJob[]> {
    let query = this.#db.selectFrom('download_jobs').selectAll();
    if (filter.state !== undefined) query = query.where('state', '=', filter.state);
    return query.orderBy('created_at').orderBy('job_id').execute();
  }

  /**
   * Splits, dividends and renames known at a time, of the symbols, and the renames that have one of them on either side:
   * what `MarketDataQuery` takes as `actions`.
   */
  async corporateHistory(
    exchange: string,
    symbols: readonly string[],
    asOf: bigint,
  ): Promise<CorporateHistory> {
    const actions = await inParts(
      symbols,
      async (part): Promise<CorporateAction[]> =>
        this.#db
          .selectFrom('actions')
          .select(['symbol', 'ex_date', 'kind', 'factor', 'known_at'])
          .where('exchange', '=', exchange)
          .where('symbol', 'in', part)
          .where('known_at', '<=', asOf)
          .execute(),
    );
    const wanted = new Set(symbols);
    // Renames are few: all of the exchange cost less than two lists of symbols.
    const renames: SymbolChange[] = await this.#db
      .selectFrom('renames')
      .select(['old_symbol', 'new_symbol', 'from_date', 'known_at'])
      .where('exchange', '=', exchange)
      .where('known_at', '<=', asOf)
      .execute();
    return {
      actions,
      renames: renames.filter((r) => wanted.has(r.old_symbol) || wanted.has(r.new_symbol)),
    };
  }
}

async function inParts<T>(
  symbols: readonly string[],
  select: (part: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const rows: T[] = [];
  for (let at = 0; at < symbols.length; at += SYMBOLS_A_STATEMENT)
    rows.push(...(await select(symbols.slice(at, at + SYMBOLS_A_STATEMENT))));
  return rows;
}
