import type { RunRecord } from './run-index.ts';

/** One row of a comparison: a setting or a metric, with one value per run. */
export interface ComparisonRow {
  readonly name: string;
  /** In the order of the runs; undefined where a run does not have it, null where it is undefined. */
  readonly values: readonly (string | number | boolean | null | undefined)[];
  readonly differs: boolean;
}

export interface Comparison {
  readonly runIds: readonly string[];
  /** Strategy, range, seed, fingerprint, and every parameter. */
  readonly settings: readonly ComparisonRow[];
  readonly metrics: readonly ComparisonRow[];
}

/** Runs side by side. Pure; a run without a result has no metrics. */
export function compareRuns(runs: readonly RunRecord[]): Comparison {
  const settings = [
    row('strategy', runs, (run) => run.strategyId),
    row('strategyVersion', runs, (run) => run.strategyVersion),
    row('exchange', runs, (run) => run.exchange),
    row('symbols', runs, (run) => run.symbols.join(' ')),
    row('timeframe', runs, (run) => run.timeframe),
    row('fromNs', runs, (run) => String(run.from)),
    row('toNs', runs, (run) => String(run.to)),
    row('seed', runs, (run) => String(run.seed)),
    row('fingerprint', runs, (run) => run.fingerprint),
    ...namesOf(runs, (run) => run.parameters).map((name) =>
      row(`parameter ${name}`, runs, (run) => run.parameters[name]),
    ),
  ];
  const metrics = namesOf(runs, (run) => run.metrics ?? {}).map((name) =>
    row(name, runs, (run) => run.metrics?.[name]),
  );
  return { runIds: runs.map((run) => run.runId), settings, metrics };
}

function row(
  name: string,
  runs: readonly RunRecord[],
  pick: (run: RunRecord) => ComparisonRow['values'][number],
): ComparisonRow {
  const values = runs.map(pick);
  return { name, values, differs: new Set(values).size > 1 };
}

/** Every name that any run has, in the order of first appearance. */
function namesOf(
  runs: readonly RunRecord[],
  recordOf: (run: RunRecord) => Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(recordOf(run))))];
}
