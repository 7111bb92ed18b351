import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import { prepareHistory, RANGE, runProblems, runRows, surroundings } from './runs.ts';
import { hasResult, mustRun, tb } from './tb.ts';

/** `tb backtest prune`: the file goes, then the row; a rerun completes that. The newest run stays, whole. */
export const scenario: Scenario = {
  name: 'backtest-prune',
  commands: ['backtest prune'],
  prepare: async (root) => {
    await prepareHistory(root);
    for (const fast of [3, 4, 5])
      await mustRun(
        root,
        'backtest',
        'run',
        'moving-average-cross',
        ...RANGE,
        '--param',
        `fast=${fast}`,
        'slow=9',
      );
  },
  command: (root) => tb(root, 'backtest', 'prune', '--keep-runs', '1', '--keep-days', '0'),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = runRows(root);
    return [
      ...runProblems(root, completed, (_run, index, all) => index < all.length - 1),
      ...(rows.length === 0 ? ['the newest run is gone'] : []),
      ...(promised && rows.length !== 1 ? [`${rows.length} runs are left, 1 was to stay`] : []),
    ];
  },
  digest: async (root) =>
    `${runRows(root)
      .map(({ parameters }) => parameters)
      .join()} ${await surroundings(root)}`,
};
