import { deriveCandlesSql, type ManifestSnapshot } from '@tb/history';
import { Disposal } from '@tb/locks';
import type { MarketDataRequest } from '@tb/schema';
import { ManagerError } from '../errors.ts';
import { AttachCache } from '../market/attach-cache.ts';
import type { DuckEngine } from '../market/duck-engine.ts';
import { fileBudget } from '../market/file-budget.ts';
import type { Moment } from '../market/moment.ts';
import { planSources, type SourcePlan } from '../market/plan-sources.ts';
import { SourceHolder } from '../market/source-holder.ts';
import { literal } from '../market/sql-text.ts';
import { TailTables } from '../market/tail-tables.ts';
import type { SqlContext } from './duck-sql-session.ts';
import { type ViewSpec, viewSql } from './sql-views.ts';

const MEMORY_LIMIT = '512MB';
const ALL_TIME = { from: -(2n ** 63n), to: 2n ** 63n - 1n };

/** A DuckDB instance with the views of one query, shut off from everything else. */
export interface SqlInstance {
  readonly engine: DuckEngine;
  close(): Promise<void>;
}

/**
 * Makes the instance: attach, create views, then take away files and settings. In this order, because nothing can be
 * attached afterwards.
 */
export async function openSqlInstance(
  context: SqlContext,
  moment: Moment,
  views: readonly ViewSpec[],
): Promise<SqlInstance> {
  await using held = new Disposal();
  const { memoryLimit = MEMORY_LIMIT, threads } = context.options;
  const { DuckEngine } = await import('../market/duck-engine.ts');
  const engine = await DuckEngine.open({ memoryLimit, threads });
  held.defer(() => engine.close());
  const builder = new ViewBuilder(context, moment, engine, held);
  if (views.length > 0) await builder.createSymbols();
  for (const view of views) await builder.create(view);
  await shutOff(engine, builder.namedFiles);
  const moved = held.move();
  return { engine, close: () => moved[Symbol.asyncDispose]() };
}

/** Files that a view reads by name stay allowed; that nobody else names them is for `checkSql` to see to. */
export async function shutOff(engine: DuckEngine, namedFiles: readonly string[]): Promise<void> {
  // read_duckdb looks for a .wal beside each file, and may not even look where it may not read.
  const allowed = namedFiles.flatMap((path) => [path, `${path}.wal`]);
  if (allowed.length > 0)
    await engine.run(`SET allowed_paths = [${allowed.map(literal).join(', ')}]`);
  await engine.run('SET enable_external_access = false');
  await engine.lockConfiguration();
}

class ViewBuilder {
  readonly namedFiles: string[] = [];
  readonly #context: SqlContext;
  readonly #moment: Moment;
  readonly #engine: DuckEngine;
  readonly #held: Disposal;
  readonly #cache: AttachCache;
  readonly #exchanges: readonly string[];

  constructor(context: SqlContext, moment: Moment, engine: DuckEngine, held: Disposal) {
    this.#context = context;
    this.#moment = moment;
    this.#engine = engine;
    this.#held = held;
    this.#cache = new AttachCache(engine, fileBudget());
    const names = new Set([...moment.manifest.exchanges(), ...moment.live.keys()]);
    this.#exchanges = [...names].sort();
  }

  async createSymbols(): Promise<void> {
    await this.#engine.run(
      'CREATE TABLE memory.main.symbols_of_sids (sid INTEGER NOT NULL, exchange VARCHAR NOT NULL, symbol VARCHAR NOT NULL)',
    );
    await this.#engine.use(async (connection) => {
      const appender = await connection.createAppender('symbols_of_sids', 'main', 'memory');
      try {
        for (const exchange of this.#exchanges)
          appendSymbols(appender, exchange, this.#moment.manifest);
      } finally {
        appender.closeSync();
      }
    });
  }

  async create(view: ViewSpec): Promise<void> {
    const relations: string[] = [];
    for (const exchange of this.#exchanges) {
      const request = { exchange, kind: view.kind, timeframe: view.timeframe, ...ALL_TIME };
      const plan = planSources(request, this.#moment.live.get(exchange), this.#moment.manifest);
      relations.push(...(await this.#hold(request, plan)));
      if (view.kind === 'candles' && view.timeframe !== '1m')
        relations.push(...(await this.#derived(request, view, plan)));
    }
    await this.#engine.run(viewSql(view, relations));
  }

  async #hold(request: MarketDataRequest, plan: SourcePlan): Promise<string[]> {
    const { layout, onEvent, verifier } = this.#context;
    const tails = new TailTables(this.#engine);
    const context = { layout, engine: this.#engine, cache: this.#cache, tails, verifier, onEvent };
    const holder = new SourceHolder(context, request);
    this.#held.use(holder);
    await holder.holdAll(plan, this.#moment.live.get(request.exchange), undefined);
    this.namedFiles.push(...holder.namedFiles);
    return holder.sources.map((source) => source.relation);
  }

  /** Wider candles of dates that are live only: from their 1m candles, one date at a time, as the rollover will do. */
  async #derived(
    request: MarketDataRequest,
    view: ViewSpec,
    stored: SourcePlan,
  ): Promise<string[]> {
    const live = this.#moment.live.get(request.exchange);
    const minutes = { ...request, timeframe: '1m' as const };
    const { candleDates } = planSources(minutes, live, this.#moment.manifest);
    const relations: string[] = [];
    for (const date of candleDates) {
      if (stored.publishedLiveDates.has(date)) continue;
      const plan = { ...stored, months: [], days: [], segments: [], tails: new Map() };
      const [from] = await this.#hold(minutes, { ...plan, candleDates: [date] });
      if (from === undefined) continue;
      const session = this.#context.calendars.of(request.exchange).sessionOf(date);
      if (!session)
        throw new ManagerError(
          'QUERY_FAILED',
          `The live buffer of ${request.exchange} has ${date}, for which its calendar has no session`,
        );
      const timeframe = view.timeframe ?? '1m';
      relations.push(`(${deriveCandlesSql({ from, kind: 'candles', timeframe, session })})`);
    }
    return relations;
  }
}

function appendSymbols(
  appender: {
    appendInteger(value: number): void;
    appendVarchar(value: string): void;
    endRow(): void;
  },
  exchange: string,
  manifest: ManifestSnapshot,
): void {
  for (const [sid, symbol] of manifest.symbols(exchange).entries()) {
    appender.appendInteger(sid);
    appender.appendVarchar(exchange);
    appender.appendVarchar(symbol);
    appender.endRow();
  }
}
