import type { Scenario } from '../scenario.ts';
import { prepareHistory, RANGE, resultOf, runProblems, runRows, surroundings } from './runs.ts';
import { hasResult, tb } from './tb.ts';

/** `tb backtest run`: a run that died is marked as failed, and changes nothing else. */
export const scenario: Scenario = {
  name: 'backtest-run',
  commands: ['backtest run'],
  prepare: prepareHistory,
  command: (root) =>
    tb(root, 'backtest', 'run', 'moving-average-cross', ...RANGE, '--param', 'fast=3', 'slow=9'),
  promises: hasResult,
  check: async (root, { completed, promised }) => {
    const isDone = runRows(root).some(({ state }) => state === 'done');
    return [...runProblems(root, completed), ...(promised && !isDone ? ['no run is done'] : [])];
  },
  // A rerun is another run: the result of the newest counts.
  digest: async (root) =>
    `${resultOf(
      runRows(root)
        .filter(({ state }) => state === 'done')
        .at(-1)!,
    )} ${await surroundings(root)}`,
};
