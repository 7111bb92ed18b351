import { layoutOf } from '@tb/schema';
import { runOnce } from '../backtest/run-once.ts';
import { serveWorker } from '../worker/serve-worker.ts';

export interface BacktestJob {
  readonly root: string;
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly from: bigint;
  readonly to: bigint;
}

/** One backtest over the demo's day. */
serveWorker(async ({ root, exchange, symbols, from, to }: BacktestJob) => {
  const result = await runOnce(layoutOf(root), {
    strategy: 'moving-average-cross',
    parameters: { fast: 5, slow: 20 },
    config: { exchange, symbols, timeframe: '1m', from, to, fees: { rate: 0.0003 } },
    onGap: 'error',
  });
  return { runId: result.runId, trades: result.metrics['tradeCount'] ?? 0 };
});
