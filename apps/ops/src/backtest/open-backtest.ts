import { kyselyRunIndex, type RunIndex, recoverDeadRuns } from '@tb/backtest';
import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';

/** A manager of role backtest with the run index over it. */
export interface OpenBacktest extends AsyncDisposable {
  readonly manager: DatabaseManager<'backtest'>;
  readonly index: RunIndex;
}

/** Opens a data root for backtests: history read-only, one index to write. Writes nothing itself. */
export async function openBacktest(layout: Layout): Promise<OpenBacktest> {
  const manager = await DatabaseManager.open({ root: layout.root, role: 'backtest' });
  const index = kyselyRunIndex({
    read: (body) => manager.read('index', body),
    write: (body) => manager.write('index', body),
  });
  return { manager, index, [Symbol.asyncDispose]: () => manager.close() };
}

/** Marks the runs of killed runners as failed and removes their files. */
export async function recoverRuns(
  layout: Layout,
  index: RunIndex,
  log: (line: string) => void,
): Promise<void> {
  const { failedRuns } = await recoverDeadRuns(layout, index);
  for (const runId of failedRuns) log(`${runId}: its runner is gone; marked as failed`);
}
