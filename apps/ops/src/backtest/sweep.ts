import {
  planSweep,
  type RunRecord,
  resolveConfig,
  type SweepPlan,
  sweepProgress,
} from '@tb/backtest';
import { MarketDataQuery } from '@tb/queries';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { runWorker } from '../worker/run-worker.ts';
import { loadStrategy } from './load-strategy.ts';
import { openBacktest, recoverRuns } from './open-backtest.ts';
import { openHistory, type RunRequest } from './run-once.ts';

export interface SweepRequest extends Omit<RunRequest, 'parameters' | 'sweepId'> {
  /** Values by parameter name: every combination is run once. */
  readonly grid: Readonly<Record<string, readonly string[]>>;
  /** Processes at a time. */
  readonly jobs: number;
}

export interface SweepTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly onDone?: ((done: number, total: number) => void) | undefined;
}

export interface SweepResult {
  readonly status: 'done' | 'already_done';
  readonly sweepId: string;
  readonly runs: readonly RunRecord[];
  readonly refused: SweepPlan['refused'];
}

/**
 * Every parameter set of a grid in a child process, one run file each. Asked for again it goes on: exactly one finished run
 * for each set.
 * @throws the error of the first run that failed, after the running ones ended; `INTERRUPTED`.
 */
export async function sweep(request: SweepRequest, tools: SweepTools): Promise<SweepResult> {
  const { layout } = tools;
  const strategy = await loadStrategy(request.strategy);
  const config = resolveConfig(request.config);
  await using open = await openBacktest(layout);
  const { manager, index } = open;
  await recoverRuns(layout, index, tools.log);
  const query = new MarketDataQuery(manager.marketData, {
    calendarOf: (exchange) => manager.calendarOf(exchange),
  });
  const history = await openHistory(query, request.config, request.onGap);
  const inputs = history.files;
  await history.close();
  const plan = planSweep(strategy, request.grid, config, inputs);
  const before = sweepProgress(plan, await index.list({ sweepId: plan.sweepId }));
  const queue = [...before.pending];
  let done = before.results.length;
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (let point = queue.shift(); point && failure === undefined; point = queue.shift()) {
      const run: RunRequest = { ...request, parameters: point.parameters, sweepId: plan.sweepId };
      try {
        await runWorker(
          'backtest/sweep-worker.js',
          { root: layout.root, request: plain(run) },
          { signal: tools.signal },
        );
        tools.onDone?.(++done, plan.points.length);
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, request.jobs) }, work));
  if (failure !== undefined) throw failure;
  if (tools.signal.aborted)
    throw new OpsError('INTERRUPTED', `Stopped after ${done} of ${plan.points.length} runs`);
  const after = sweepProgress(plan, await index.list({ sweepId: plan.sweepId }));
  return {
    status: before.pending.length === 0 ? 'already_done' : 'done',
    sweepId: plan.sweepId,
    runs: after.results.map((each) => each.run),
    refused: plan.refused,
  };
}

/** Only what a worker needs: structured clone takes no functions. */
function plain(run: RunRequest): RunRequest {
  const { strategy, parameters, config, onGap, sweepId } = run;
  return { strategy, parameters, config, onGap, sweepId };
}
