import { readdirSync } from 'node:fs';
import type { ColumnChunk, Layout } from '@tb/schema';
import type { Calendars } from '../calendars.ts';
import { isManagerError, ManagerError } from '../errors.ts';
import type { ManagerEventHandler } from '../event.ts';
import type { DuckEngine } from '../market/duck-engine.ts';
import { type Moment, watermarkOf } from '../market/moment.ts';
import type { Moments } from '../market/moments.ts';
import type { SourceVerifier } from '../market/verify-file.ts';
import { checkSql } from './sql-guard.ts';
import { openSqlInstance, type SqlInstance } from './sql-instance.ts';
import type { SqlOptions, SqlResult, SqlSession } from './sql-session.ts';
import { VIEWS, type ViewSpec } from './sql-views.ts';

const TIMEOUT_MS = 30_000;
const VIEW_NAMES: ReadonlySet<string> = new Set(VIEWS.keys());

/** What a session needs of the manager. */
export interface SqlContext {
  readonly layout: Layout;
  readonly onEvent: ManagerEventHandler;
  readonly calendars: Calendars;
  readonly moments: Moments;
  readonly verifier: SourceVerifier;
  /** Where SQL is turned into its syntax tree, never run. */
  parser(): Promise<DuckEngine>;
  readonly options: SqlOptions;
}

/** `SqlSession` over DuckDB. */
export class DuckSqlSession implements SqlSession {
  readonly views: readonly string[] = [...VIEWS.keys()];
  readonly #context: SqlContext;
  readonly #running = new Set<RunningQuery>();

  constructor(context: SqlContext) {
    this.#context = context;
  }

  async query(sql: string, signal?: AbortSignal): Promise<SqlResult> {
    const names = checkSql(await this.#parse(sql), VIEW_NAMES);
    const views = [...names].map((name) => VIEWS.get(name) as ViewSpec);
    const running = new RunningQuery(this.#context.options.timeoutMs ?? TIMEOUT_MS, signal);
    this.#running.add(running);
    running.onEnd = () => this.#running.delete(running);
    try {
      const watermark = await this.#open(running, views);
      const engine = (running.instance as SqlInstance).engine;
      const result = await engine.query(sql, [], running.signal);
      const columns = result.names.map((name, index) => ({
        name,
        type: result.types[index] as string,
      }));
      return { watermark, columns, chunks: running.chunksOf(result.chunks) };
    } catch (error) {
      const translated = running.translated(error);
      await running.end();
      throw translated;
    }
  }

  async close(): Promise<void> {
    for (const running of [...this.#running]) await running.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(running: RunningQuery, views: readonly ViewSpec[]): Promise<SqlResult['watermark']> {
    const open = async (moment: Moment): Promise<SqlInstance> =>
      openSqlInstance(this.#context, moment, views);
    const { moments, layout } = this.#context;
    return moments.at(
      () => (views.length > 0 ? liveExchanges(layout) : []),
      async (moment) => {
        running.instance = await open(moment);
        return views.length > 0 ? watermarkOf(moment) : null;
      },
    );
  }

  async #parse(sql: string): Promise<string> {
    if (typeof sql !== 'string') throw new TypeError('SQL is a text');
    const parser = await this.#context.parser();
    for await (const chunk of parser.stream('SELECT json_serialize_sql($1::VARCHAR)', [sql]))
      return (chunk.columns[0] as readonly string[])[0] as string;
    throw new TypeError('json_serialize_sql gave no row');
  }
}

/** One query from its start to its last row: its limits, and what it holds. */
class RunningQuery {
  instance: SqlInstance | undefined;
  onEnd: () => void = () => {};
  readonly signal: AbortSignal;
  readonly #timeoutMs: number;
  readonly #timeout = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #ended: Promise<void> | undefined;

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    if (!(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1))
      throw new RangeError(`timeoutMs is from 1 to 2147483647, not ${timeoutMs}`);
    this.#timeoutMs = timeoutMs;
    this.#timer = setTimeout(() => this.#timeout.abort(), timeoutMs);
    this.signal = signal ? AbortSignal.any([this.#timeout.signal, signal]) : this.#timeout.signal;
  }

  async *chunksOf(
    chunks: AsyncGenerator<ColumnChunk, void, undefined>,
  ): AsyncGenerator<ColumnChunk, void, undefined> {
    try {
      yield* chunks;
    } catch (error) {
      throw this.translated(error);
    } finally {
      await this.end();
    }
  }

  /** What DuckDB says about SQL that a person wrote is that person's to read: it keeps its text. */
  translated(error: unknown): unknown {
    if (isManagerError(error, 'QUERY_ABORTED') && this.#timeout.signal.aborted)
      return new ManagerError('SQL_TIMEOUT', `The SQL ran longer than ${this.#timeoutMs} ms`);
    if (!isManagerError(error, 'QUERY_FAILED')) return error;
    const isMemory = /^DuckDB: Out of Memory Error/i.test(error.message);
    return new ManagerError(isMemory ? 'SQL_MEMORY' : 'SQL_REFUSED', error.message, {
      cause: error.cause,
    });
  }

  end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.onEnd();
    await this.instance?.close();
  }
}

/** Exchanges that have a live buffer. Names that are no exchange are not ours. */
function liveExchanges(layout: Layout): readonly string[] {
  return readdirSync(layout.liveBuffer, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[a-z][a-z0-9_]{0,15}$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}
