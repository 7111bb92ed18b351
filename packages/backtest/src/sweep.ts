import { type Canonical, canonicalHash, canonicalText } from './canonical.ts';
import { isBacktestError } from './errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type ParameterValues, resolveParameters } from './parameters.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { RunInput } from './run-history.ts';
import type { RunRecord } from './run-index.ts';
import type { StrategyDefinition } from './strategy.ts';

/** One parameter set of a sweep. */
export interface SweepPoint {
  readonly parameters: ParameterValues;
  /** Of the run that has these parameters: what finds its result. */
  readonly fingerprint: string;
}

export interface SweepPlan {
  /** `sweep_` and 16 hex over all fingerprints: the same sweep asked for again has the same id, and goes on. */
  readonly sweepId: string;
  readonly points: readonly SweepPoint[];
  /** Combinations that the strategy does not accept, e.g. fast >= slow. Show them: they get no run. */
  readonly refused: readonly { readonly parameters: ParameterValues; readonly reason: string }[];
}

/**
 * Every combination of a grid, the last name changing fastest, each parameter set once. Pure, but for a call of
 * `strategy.create` per set, which tells whether the strategy accepts it.
 *
 * @param grid Values or their text by parameter name, e.g. `{ fast: ['5', '10'], slow: ['20', '50'] }`.
 * @throws `PARAMETER_INVALID` for a name or value outside the schema; RangeError for a name without values.
 */
export function planSweep(
  strategy: StrategyDefinition,
  grid: Readonly<Record<string, readonly unknown[]>>,
  config: ResolvedConfig,
  inputs: readonly RunInput[],
): SweepPlan {
  const sets = new Map<string, ParameterValues>();
  for (const combination of combinationsOf(grid)) {
    const parameters = resolveParameters(strategy.parameters, combination);
    sets.set(canonicalText(parameters as Canonical), parameters);
  }
  const points: SweepPoint[] = [];
  const refused: { parameters: ParameterValues; reason: string }[] = [];
  for (const parameters of sets.values()) {
    const reason = refusalOf(strategy, parameters);
    if (reason !== undefined) refused.push({ parameters, reason });
    else
      points.push({ parameters, fingerprint: fingerprintOf(strategy, parameters, config, inputs) });
  }
  const hash = canonicalHash(points.map((point) => point.fingerprint).sort());
  return { sweepId: `sweep_${hash.slice(0, 16)}`, points, refused };
}

function combinationsOf(
  grid: Readonly<Record<string, readonly unknown[]>>,
): Record<string, unknown>[] {
  let combinations: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(grid)) {
    if (values.length === 0) throw new RangeError(`Grid parameter ${name} has no values`);
    combinations = combinations.flatMap((one) =>
      values.map((value) => ({ ...one, [name]: value })),
    );
  }
  return combinations;
}

function refusalOf(strategy: StrategyDefinition, parameters: ParameterValues): string | undefined {
  try {
    strategy.create(parameters);
    return undefined;
  } catch (error) {
    if (isBacktestError(error, 'PARAMETER_INVALID')) return error.message;
    throw error;
  }
}

export interface SweepProgress {
  /** One finished run a parameter set, the oldest when there are several, in the order of the plan. */
  readonly results: readonly { readonly point: SweepPoint; readonly run: RunRecord }[];
  /** Parameter sets that still want a run: none finished, none running. */
  readonly pending: readonly SweepPoint[];
  /** Parameter sets with a run under way. */
  readonly running: readonly SweepPoint[];
}

/**
 * Where a sweep stands. Pure: after a kill, the same call on the same runs tells what is left to do. Runs recorded as
 * running whose runner died must have been recovered first (`recoverDeadRuns`).
 *
 * @param runs The runs of this sweep, as `RunIndex.list({ sweepId })` gives them.
 */
export function sweepProgress(plan: SweepPlan, runs: readonly RunRecord[]): SweepProgress {
  const oldestFirst = [...runs].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const runOf = (point: SweepPoint, state: RunRecord['state']): RunRecord | undefined =>
    oldestFirst.find((run) => run.fingerprint === point.fingerprint && run.state === state);
  const results: { point: SweepPoint; run: RunRecord }[] = [];
  const pending: SweepPoint[] = [];
  const running: SweepPoint[] = [];
  for (const point of plan.points) {
    const run = runOf(point, 'done');
    if (run) results.push({ point, run });
    else if (runOf(point, 'running')) running.push(point);
    else pending.push(point);
  }
  return { results, pending, running };
}
