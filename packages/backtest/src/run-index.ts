import type { IndexDatabase, RunInputRow, RunRow } from '@tb/schema';
import type { Insertable, Kysely, Selectable } from 'kysely';
import { BacktestError } from './errors.ts';
import type { ParameterValues } from './parameters.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { RunInput } from './run-history.ts';

/** Who runs: the pid and, where the system tells, what makes it more than a reusable number. */
export interface Runner {
  readonly pid: number;
  /** Start of the process and of the system; undefined where it is not known. */
  readonly startedAs: string | undefined;
}

/** What is known when a run starts. */
export interface NewRun {
  readonly runId: string;
  readonly strategyId: string;
  readonly strategyVersion: string;
  readonly config: ResolvedConfig;
  readonly parameters: ParameterValues;
  readonly fingerprint: string;
  /** Relative to the data root. */
  readonly path: string;
  /** ns UTC. */
  readonly startedAt: bigint;
  readonly runner: Runner;
  readonly sweepId?: string | undefined;
  readonly inputs: readonly RunInput[];
}

/** What a finished run adds. */
export interface RunOutcome {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** null where a metric is undefined. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** ns UTC. */
  readonly finishedAt: bigint;
}

/** One row of the index, decoded. Times are ns UTC. */
export interface RunRecord {
  readonly runId: string;
  readonly strategyId: string;
  readonly strategyVersion: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly timeframe: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly parameters: ParameterValues;
  readonly seed: bigint;
  readonly fingerprint: string | undefined;
  /** Relative to the data root. */
  readonly path: string;
  readonly sha256: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly metrics: Readonly<Record<string, number | null>> | undefined;
  readonly error: string | undefined;
  readonly startedAt: bigint;
  readonly finishedAt: bigint | undefined;
  readonly sweepId: string | undefined;
  /** While the state is `running`. */
  readonly runner: Runner | undefined;
}

export interface RunFilter {
  readonly strategyId?: string | undefined;
  readonly state?: RunRecord['state'] | undefined;
  readonly sweepId?: string | undefined;
  /** Default: all. */
  readonly limit?: number | undefined;
}

/** The central index of runs. Each call is one transaction, so nothing is held while a run works. */
export interface RunIndex {
  /** Records the run as `running`, with its inputs. */
  start(run: NewRun): Promise<void>;
  /** `running` -> `done`. @throws `RUN_NOT_RUNNING` when it was declared dead meanwhile. */
  finish(runId: string, outcome: RunOutcome): Promise<void>;
  /** `running` -> `failed`. @returns false when the run was not running any more. */
  fail(runId: string, error: string, finishedAt: bigint): Promise<boolean>;
  find(runId: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  list(filter?: RunFilter): Promise<readonly RunRecord[]>;
  /** By path. */
  inputsOf(runId: string): Promise<readonly RunInput[]>;
  /** Forgets a run that is not running. @returns false when there was none. */
  remove(runId: string): Promise<boolean>;
}

/**
 * How the index is reached: `manager.read('index', ...)` and `manager.write('index', ...)`. Each body runs in one
 * transaction; INTEGER columns come as bigint.
 */
export interface IndexAccess {
  read<T>(body: (db: Kysely<IndexDatabase>) => Promise<T>): Promise<T>;
  write<T>(body: (db: Kysely<IndexDatabase>) => Promise<T>): Promise<T>;
}

/** The index over its SQLite database. Opens nothing and keeps nothing open. */
export function kyselyRunIndex(access: IndexAccess): RunIndex {
  return {
    start: (run) =>
      access.write(async (db) => {
        await db.insertInto('runs').values(rowOf(run)).execute();
        for (const input of run.inputs)
          await db.insertInto('run_inputs').values(inputRowOf(run.runId, input)).execute();
      }),
    finish: (runId, outcome) => access.write((db) => finishRun(db, runId, outcome)),
    fail: (runId, error, finishedAt) =>
      access.write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('runs')
          .set({ state: 'failed', error, finished_at: finishedAt, pid: null })
          .where('run_id', '=', runId)
          .where('state', '=', 'running')
          .executeTakeFirst();
        return numUpdatedRows === 1n;
      }),
    find: (runId) =>
      access.read(async (db) => {
        const row = await db
          .selectFrom('runs')
          .selectAll()
          .where('run_id', '=', runId)
          .executeTakeFirst();
        return row && recordOf(row);
      }),
    list: (filter = {}) => access.read((db) => listRuns(db, filter)),
    inputsOf: (runId) =>
      access.read(async (db) => {
        const rows = await db
          .selectFrom('run_inputs')
          .selectAll()
          .where('run_id', '=', runId)
          .orderBy('path')
          .execute();
        return rows.map(inputOf);
      }),
    remove: (runId) =>
      access.write(async (db) => {
        const run = await db
          .selectFrom('runs')
          .select('state')
          .where('run_id', '=', runId)
          .executeTakeFirst();
        if (!run || run.state === 'running') return false;
        await db.deleteFrom('run_inputs').where('run_id', '=', runId).execute();
        await db.deleteFrom('runs').where('run_id', '=', runId).execute();
        return true;
      }),
  };
}

async function finishRun(
  db: Kysely<IndexDatabase>,
  runId: string,
  outcome: RunOutcome,
): Promise<void> {
  const row = await db
    .selectFrom('runs')
    .select(['state', 'attributes'])
    .where('run_id', '=', runId)
    .executeTakeFirst();
  if (row?.state !== 'running')
    throw new BacktestError(
      'RUN_NOT_RUNNING',
      `Run ${runId} is ${row?.state ?? 'not in the index'}, expected running`,
    );
  const attributes = { ...attributesOf(row.attributes), sizeBytes: outcome.sizeBytes };
  await db
    .updateTable('runs')
    .set({
      state: 'done',
      sha256: outcome.sha256,
      metrics: JSON.stringify(outcome.metrics),
      finished_at: outcome.finishedAt,
      pid: null,
      attributes: JSON.stringify(attributes),
    })
    .where('run_id', '=', runId)
    .execute();
}

async function listRuns(
  db: Kysely<IndexDatabase>,
  filter: RunFilter,
): Promise<readonly RunRecord[]> {
  let query = db.selectFrom('runs').selectAll();
  if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.sweepId !== undefined) query = query.where('sweep_id', '=', filter.sweepId);
  if (filter.limit !== undefined) query = query.limit(filter.limit);
  const rows = await query.orderBy('started_at', 'desc').orderBy('run_id', 'desc').execute();
  return rows.map(recordOf);
}

/** What has no column of its own. */
interface Attributes {
  readonly strategyVersion?: string;
  readonly startedAs?: string;
  readonly sizeBytes?: number;
}

function attributesOf(json: string | null): Attributes {
  return json === null ? {} : (JSON.parse(json) as Attributes);
}

function rowOf(run: NewRun): Insertable<RunRow> {
  const { config, runner } = run;
  const attributes: Attributes = {
    strategyVersion: run.strategyVersion,
    ...(runner.startedAs === undefined ? {} : { startedAs: runner.startedAs }),
  };
  return {
    run_id: run.runId,
    strategy_id: run.strategyId,
    state: 'running',
    exchange: config.exchange,
    symbols: JSON.stringify(config.symbols),
    timeframe: config.timeframe,
    from_ns: config.from,
    to_ns: config.to,
    parameters: JSON.stringify(run.parameters),
    seed: config.seed,
    fingerprint: run.fingerprint,
    path: run.path,
    started_at: run.startedAt,
    sweep_id: run.sweepId ?? null,
    pid: BigInt(runner.pid),
    attributes: JSON.stringify(attributes),
  };
}

function inputRowOf(runId: string, input: RunInput): Insertable<RunInputRow> {
  return {
    run_id: runId,
    path: input.path,
    sha256: input.sha256,
    trading_date: input.tradingDate,
    revision: BigInt(input.revision),
  };
}

function inputOf(row: Selectable<RunInputRow>): RunInput {
  return {
    path: row.path,
    sha256: row.sha256,
    tradingDate: row.trading_date,
    revision: Number(row.revision),
  };
}

function recordOf(row: Selectable<RunRow>): RunRecord {
  const attributes = attributesOf(row.attributes);
  return {
    runId: row.run_id,
    strategyId: row.strategy_id,
    strategyVersion: attributes.strategyVersion ?? '',
    state: row.state,
    exchange: row.exchange,
    symbols: JSON.parse(row.symbols) as string[],
    timeframe: row.timeframe,
    from: row.from_ns,
    to: row.to_ns,
    parameters: JSON.parse(row.parameters) as ParameterValues,
    seed: row.seed,
    fingerprint: row.fingerprint ?? undefined,
    path: row.path,
    sha256: row.sha256 ?? undefined,
    sizeBytes: attributes.sizeBytes,
    metrics:
      row.metrics === null ? undefined : (JSON.parse(row.metrics) as Record<string, number | null>),
    error: row.error ?? undefined,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    sweepId: row.sweep_id ?? undefined,
    runner:
      row.pid === null ? undefined : { pid: Number(row.pid), startedAs: attributes.startedAs },
  };
}
