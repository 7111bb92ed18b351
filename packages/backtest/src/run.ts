import { type Layout, SCHEMA_VERSION } from '@tb/schema';
import { shownTime } from './candle-check.ts';
import { BacktestError, isBacktestError } from './errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import { utcDayOf } from './metrics/returns.ts';
import { type ParameterValues, resolveParameters } from './parameters.ts';
import { type ResolvedConfig, type RunConfig, resolveConfig } from './run-config.ts';
import { RunFileWriter } from './run-file-writer.ts';
import { removeRunFiles } from './run-folder.ts';
import type { RunHistory } from './run-history.ts';
import { newRunId } from './run-id.ts';
import type { NewRun, RunIndex } from './run-index.ts';
import { writeResult, writeSetup, writingSink } from './run-rows.ts';
import { RunTally } from './run-tally.ts';
import { thisRunner, whileUnderWay } from './runner-process.ts';
import { simulate } from './simulate.ts';
import type { Strategy, StrategyDefinition } from './strategy.ts';

/** What a runner tells while it works. */
export type RunEvent =
  | { readonly kind: 'started'; readonly runId: string }
  | { readonly kind: 'progress'; readonly runId: string; readonly ts: bigint }
  | { readonly kind: 'published'; readonly runId: string }
  | { readonly kind: 'finished'; readonly runId: string }
  /** Clean-up after a failure failed too; `recoverDeadRuns` does it later. The first error is the one thrown. */
  | { readonly kind: 'cleanup_failed'; readonly runId: string; readonly error: unknown };

export interface RunOptions {
  readonly layout: Layout;
  readonly index: RunIndex;
  readonly strategy: StrategyDefinition;
  /** Text or values by name; the rest are defaults. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly config: RunConfig;
  readonly history: RunHistory;
  /** Trading date of a candle, from the exchange's calendar; daily returns go by it. Default: the UTC day. */
  readonly tradingDateOf?: ((ts: bigint) => string) | undefined;
  readonly sweepId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** ns UTC. Default: the clock of the system. */
  readonly now?: (() => bigint) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

export interface RunResult {
  readonly runId: string;
  /** Relative to the data root. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  /** null where a metric is undefined. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** A run whose input has been checked, before anything is written. */
interface PreparedRun {
  readonly run: NewRun;
  readonly strategy: Strategy;
  readonly config: ResolvedConfig;
  readonly parameters: ParameterValues;
}

/**
 * One isolated backtest: history is read, one run file is written, and the index gets a row: `running`, then `done` or
 * `failed`. No other database is touched. The file appears under its final name whole, durable and read-only, or not at
 * all; the row says `done` only after that.
 *
 * @throws `PARAMETER_INVALID`, `CONFIG_INVALID` before anything is recorded; after that `CANDLES_INVALID`, `NO_CANDLES`,
 *   `STRATEGY_FAILED`, `RUN_CANCELLED`, `RUN_FILE_NOT_WRITTEN`, `RUN_NOT_RUNNING`, whatever the history or the index
 *   throws, and the run is recorded as failed.
 */
export async function runBacktest(options: RunOptions): Promise<RunResult> {
  const prepared = prepare(options);
  return await whileUnderWay(prepared.run.runId, () => recorded(options, prepared));
}

async function recorded(options: RunOptions, prepared: PreparedRun): Promise<RunResult> {
  const { run } = prepared;
  await options.index.start(run);
  options.onEvent?.({ kind: 'started', runId: run.runId });
  try {
    return await perform(options, prepared);
  } catch (error) {
    await recordFailure(options, run.runId, error);
    throw error;
  }
}

function prepare(options: RunOptions): PreparedRun {
  const { strategy: definition, layout, history } = options;
  const config = resolveConfig(options.config);
  const parameters = resolveParameters(definition.parameters, options.parameters ?? {});
  const strategy = created(definition, parameters);
  const fingerprint = fingerprintOf(definition, parameters, config, history.inputs);
  const startedAt = nowOf(options);
  const runId = newRunId(fingerprint, startedAt);
  const path = layout
    .runFile(runId)
    .slice(layout.root.length + 1)
    .replaceAll('\\', '/');
  const run: NewRun = {
    runId,
    strategyId: definition.id,
    strategyVersion: definition.version,
    config,
    parameters,
    fingerprint,
    path,
    startedAt,
    runner: thisRunner(),
    sweepId: options.sweepId,
    inputs: history.inputs,
  };
  return { run, strategy, config, parameters };
}

function created(definition: StrategyDefinition, parameters: ParameterValues): Strategy {
  try {
    return definition.create(parameters);
  } catch (error) {
    if (isBacktestError(error)) throw error;
    throw new BacktestError(
      'STRATEGY_FAILED',
      `Strategy ${definition.id} threw in create: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function perform(options: RunOptions, prepared: PreparedRun): Promise<RunResult> {
  const { run, config } = prepared;
  const { runId } = run;
  const writer = RunFileWriter.start(options.layout, runId);
  try {
    await writer.ready();
    const tally = new RunTally(config, options.tradingDateOf ?? utcDayOf);
    writeSetup(writer, run, SCHEMA_VERSION);
    const sink = writingSink(writer, tally, (ts) =>
      options.onEvent?.({ kind: 'progress', runId, ts }),
    );
    const result = await simulate(prepared.strategy, config, options.history, sink, options.signal);
    if (result.candles === 0)
      throw new BacktestError(
        'NO_CANDLES',
        `No candle of ${config.exchange} ${config.symbols.join(', ')} ${config.timeframe} from ${shownTime(config.from)} to ${shownTime(config.to)}`,
      );
    const metrics = tally.metrics(result.candles, result.fees);
    writeResult(writer, result, metrics);
    const { sha256, sizeBytes } = await writer.finish();
    await writer.publish();
    options.onEvent?.({ kind: 'published', runId });
    const values = Object.fromEntries(
      metrics.map(({ name, value }) => [name, Number.isNaN(value) ? null : value]),
    );
    const finishedAt = nowOf(options);
    await options.index.finish(runId, { sha256, sizeBytes, metrics: values, finishedAt });
    options.onEvent?.({ kind: 'finished', runId });
    const { path, fingerprint } = run;
    return { runId, path, sha256, sizeBytes, fingerprint, metrics: values };
  } catch (error) {
    await cleanUp(options, runId, () => writer.discard());
    throw error;
  }
}

/** Marks the run as failed, then removes its file: unless the row says otherwise, because then the file is wanted. */
function recordFailure(options: RunOptions, runId: string, error: unknown): Promise<void> {
  return cleanUp(options, runId, async () => {
    const message = error instanceof Error ? error.message : String(error);
    if (await options.index.fail(runId, message, nowOf(options)))
      await removeRunFiles(options.layout, [`${runId}.duckdb`]);
  });
}

/** A failure of the clean-up is told, but does not take the place of the error that made it necessary. */
async function cleanUp(
  options: RunOptions,
  runId: string,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    options.onEvent?.({ kind: 'cleanup_failed', runId, error });
  }
}

function nowOf(options: RunOptions): bigint {
  return options.now?.() ?? BigInt(Date.now()) * 1_000_000n;
}
