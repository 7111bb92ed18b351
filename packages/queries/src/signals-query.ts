import type {
  ConfluenceInsightRow,
  RegimeInsightRow,
  RunnerStateRow,
  ScannerResultRow,
  SignalRow,
  SignalsDatabase,
} from '@tb/schema';
import type { Kysely, Selectable } from 'kysely';

export type Signal = Selectable<SignalRow>;
export type ConfluenceInsight = Selectable<ConfluenceInsightRow>;
export type RegimeInsight = Selectable<RegimeInsightRow>;
export type ScannerResult = Selectable<ScannerResultRow>;
export type RunnerState = Selectable<RunnerStateRow>;

/** One instrument, and what was known of it at or before a time. */
export interface AsOfFilter {
  readonly exchange: string;
  readonly symbol: string;
  /** `ts <= asOf`, ns UTC. Default: the newest. */
  readonly asOf?: bigint | undefined;
}

/** One instrument in `[from, to)`, ns UTC. */
export interface RangeFilter {
  readonly exchange: string;
  readonly symbol: string;
  readonly from: bigint;
  readonly to: bigint;
}

export interface SignalFilter {
  readonly exchange?: string | undefined;
  readonly symbol?: string | undefined;
  readonly strategyId?: string | undefined;
  readonly status?: string | undefined;
  /** `created_at` in `[from, to)`, ns UTC. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit?: number | undefined;
}

/** Reads of the signals database, on any handle of Kysely. Rows have the column names of the schema. */
export class SignalsQuery {
  readonly #db: Kysely<SignalsDatabase>;

  constructor(db: Kysely<SignalsDatabase>) {
    this.#db = db;
  }

  async signal(signalId: string): Promise<Signal | undefined> {
    return this.#db
      .selectFrom('signals')
      .selectAll()
      .where('signal_id', '=', signalId)
      .executeTakeFirst();
  }

  /** Oldest first. */
  async signals(filter: SignalFilter = {}): Promise<Signal[]> {
    let query = this.#db.selectFrom('signals').selectAll();
    if (filter.exchange !== undefined) query = query.where('exchange', '=', filter.exchange);
    if (filter.symbol !== undefined) query = query.where('symbol', '=', filter.symbol);
    if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (filter.from !== undefined) query = query.where('created_at', '>=', filter.from);
    if (filter.to !== undefined) query = query.where('created_at', '<', filter.to);
    if (filter.limit !== undefined) query = query.limit(BigInt(filter.limit));
    return query.orderBy('created_at').orderBy('signal_id').execute();
  }

  /** The newest confluence insight as of a time. @param timeframe '' is the insight over all timeframes. */
  async latestInsight(
    filter: AsOfFilter & { readonly timeframe?: string | undefined },
  ): Promise<ConfluenceInsight | undefined> {
    let query = this.#db
      .selectFrom('confluence_insights')
      .selectAll()
      .where('exchange', '=', filter.exchange)
      .where('symbol', '=', filter.symbol)
      .where('timeframe', '=', filter.timeframe ?? '');
    if (filter.asOf !== undefined) query = query.where('ts', '<=', filter.asOf);
    return query.orderBy('ts', 'desc').limit(1n).executeTakeFirst();
  }

  /** Oldest first. */
  async insights(
    filter: RangeFilter & { readonly timeframe?: string | undefined },
  ): Promise<ConfluenceInsight[]> {
    return this.#db
      .selectFrom('confluence_insights')
      .selectAll()
      .where('exchange', '=', filter.exchange)
      .where('symbol', '=', filter.symbol)
      .where('timeframe', '=', filter.timeframe ?? '')
      .where('ts', '>=', filter.from)
      .where('ts', '<', filter.to)
      .orderBy('ts')
      .execute();
  }

  /** The regime as of a time; of several insights of one time, the highest id, so that the answer is always the same. */
  async latestRegime(filter: AsOfFilter): Promise<RegimeInsight | undefined> {
    let query = this.#db
      .selectFrom('regime_insights')
      .selectAll()
      .where('exchange', '=', filter.exchange)
      .where('symbol', '=', filter.symbol);
    if (filter.asOf !== undefined) query = query.where('ts', '<=', filter.asOf);
    return query.orderBy('ts', 'desc').orderBy('insight_id', 'desc').limit(1n).executeTakeFirst();
  }

  /** Oldest first. */
  async regimes(filter: RangeFilter): Promise<RegimeInsight[]> {
    return this.#db
      .selectFrom('regime_insights')
      .selectAll()
      .where('exchange', '=', filter.exchange)
      .where('symbol', '=', filter.symbol)
      .where('ts', '>=', filter.from)
      .where('ts', '<', filter.to)
      .orderBy('ts')
      .orderBy('insight_id')
      .execute();
  }

  /** All rows of the newest run of a scan as of a time, by rank; unranked ones last. */
  async scannerResults(scan: string, asOf?: bigint): Promise<ScannerResult[]> {
    let newest = this.#db
      .selectFrom('scanner_results')
      .select((eb) => eb.fn.max('ts').as('ts'))
      .where('scan', '=', scan);
    if (asOf !== undefined) newest = newest.where('ts', '<=', asOf);
    return this.#db
      .selectFrom('scanner_results')
      .selectAll()
      .where('scan', '=', scan)
      .where('ts', '=', newest)
      .orderBy('rank', (order) => order.asc().nullsLast())
      .orderBy('exchange')
      .orderBy('symbol')
      .execute();
  }

  /** What each runner last knew; `updated_at` says how old that is. */
  async runnerStates(
    filter: { readonly strategyId?: string | undefined } = {},
  ): Promise<RunnerState[]> {
    let query = this.#db.selectFrom('runner_state').selectAll();
    if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
    return query
      .orderBy('strategy_id')
      .orderBy('exchange')
      .orderBy('symbol')
      .orderBy('timeframe')
      .execute();
  }
}
