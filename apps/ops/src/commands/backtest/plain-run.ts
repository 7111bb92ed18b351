import type { RunRecord } from '@tb/backtest';
import type { Layout } from '@tb/schema';
import { timeText } from '../../format/time-text.ts';

/** A run as JSON fields: times ISO, paths absolute. */
export function plainRun(run: RunRecord, layout: Layout): Record<string, unknown> {
  return {
    runId: run.runId,
    state: run.state,
    strategy: run.strategyId,
    strategyVersion: run.strategyVersion,
    exchange: run.exchange,
    symbols: run.symbols,
    timeframe: run.timeframe,
    from: timeText(run.from),
    to: timeText(run.to),
    parameters: run.parameters,
    seed: run.seed,
    fingerprint: run.fingerprint ?? null,
    file: layout.absolute(run.path),
    sha256: run.sha256 ?? null,
    sizeBytes: run.sizeBytes ?? null,
    metrics: run.metrics ?? null,
    error: run.error ?? null,
    startedAt: timeText(run.startedAt),
    finishedAt: run.finishedAt === undefined ? null : timeText(run.finishedAt),
    sweepId: run.sweepId ?? null,
  };
}
