import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import { writeTicks } from './feed.ts';
import { keptKeys, litterProblems, marketDigest, nseRows, tickProblems } from './market.ts';
import { correctionProblems, isCorrected } from './revisions.ts';
import { hasResult, mustRun, TICK_INPUT, tb } from './tb.ts';

/** `tb import --add`: the ticks of a late file join those of a published date, all of them once or none. */
export const scenario: Scenario = {
  name: 'import-add',
  commands: ['import'],
  prepare: async (root) => {
    const day = writeTicks(join(root, 'day.csv'), { rows: 900, symbols: 4, seed: 'day' });
    const late = writeTicks(join(root, 'late.csv'), { rows: 120, symbols: 4, seed: 'late' });
    writeFileSync(join(root, 'old.keys'), day.join('\n'));
    writeFileSync(join(root, 'new.keys'), [...day, ...late].join('\n'));
    await mustRun(root, 'init');
    await mustRun(root, 'import', 'day.csv', ...TICK_INPUT);
  },
  command: (root) =>
    tb(
      root,
      ...['import', 'late.csv', ...TICK_INPUT],
      ...['--add', '--reason', 'the vendor sent the rest'],
    ),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    return [
      ...correctionProblems(rows, promised),
      ...tickProblems(rows, keptKeys(root, isCorrected(rows) ? 'new.keys' : 'old.keys'), true),
      ...litterProblems(root, completed),
    ];
  },
  digest: marketDigest,
};
