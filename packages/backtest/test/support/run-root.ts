import { mkdirSync } from 'node:fs';
import {
  movingAverageCross,
  type RunHistory,
  type RunOptions,
  type RunResult,
  runBacktest,
} from '@tb/backtest';
import { type Layout, layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { historyOf, walk } from './candles.ts';
import { openTestIndex, type TestIndex } from './index-database.ts';
import { config } from './simulation.ts';
import { splitmixRandom } from './splitmix.ts';

export interface RunRoot extends AsyncDisposable {
  readonly layout: Layout;
  readonly index: TestIndex['index'];
  readonly access: TestIndex['access'];
  /** Runs the crossing averages over two symbols and three days, unless told otherwise. */
  run(given?: Partial<RunOptions>): Promise<RunResult>;
}

/** A data root of its own, with the folders and the index that `tb init` makes. */
export function openRunRoot(): RunRoot {
  const folder = tempRoot('backtest');
  const layout = layoutOf(folder.path);
  mkdirSync(layout.runsDir, { recursive: true });
  const index = openTestIndex(layout);
  return {
    layout,
    index: index.index,
    access: index.access,
    run: (given = {}) =>
      runBacktest({
        layout,
        index: index.index,
        strategy: movingAverageCross,
        parameters: { fast: 3, slow: 8 },
        config: config({ symbols: ['A', 'B'], startingCash: 100_000, fees: { rate: 0.0003 } }),
        history: threeDays(),
        ...given,
      }),
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]();
      folder.remove();
    },
  };
}

export function threeDays(): RunHistory {
  return historyOf(walk(['A', 'B'], 300, splitmixRandom(7), 3));
}
