import type { Scenario } from '../scenario.ts';
import { prepareHistory, RANGE, resultOf, runProblems, runRows, surroundings } from './runs.ts';
import { hasResult, tb } from './tb.ts';

/** `tb backtest sweep`: goes on where it stopped, with exactly one result for each parameter set. */
export const scenario: Scenario = {
  name: 'backtest-sweep',
  commands: ['backtest sweep'],
  prepare: prepareHistory,
  command: (root) =>
    tb(
      root,
      'backtest',
      'sweep',
      'moving-average-cross',
      ...RANGE,
      '--grid',
      'fast=3,4',
      'slow=9',
      '--jobs',
      '1',
    ),
  promises: hasResult,
  check: async (root, { completed, promised }) => {
    const done = runRows(root).filter(({ state }) => state === 'done');
    const sets = new Set(done.map(({ parameters }) => parameters));
    return [
      ...runProblems(root, completed),
      ...(sets.size === done.length ? [] : ['a parameter set has two results']),
      ...(promised && sets.size !== 2 ? [`${sets.size} of 2 parameter sets have a result`] : []),
    ];
  },
  digest: async (root) => {
    const done = runRows(root).filter(({ state }) => state === 'done');
    return `${done.map(resultOf).sort().join('\n')} ${await surroundings(root)}`;
  },
};
