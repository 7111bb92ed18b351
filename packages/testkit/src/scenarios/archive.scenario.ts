import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_LITTER } from '../litter.ts';
import type { Scenario } from '../scenario.ts';
import { DATE, writeTicks } from './feed.ts';
import { keptKeys, litterProblems, marketDigest, nseRows, tickProblems } from './market.ts';
import { hasResult, mustRun, TICK_INPUT, tb } from './tb.ts';

/** `tb archive`: a day file goes only after its Parquet copy is there; every row is readable all the time. */
export const scenario: Scenario = {
  name: 'archive',
  commands: ['archive'],
  prepare: async (root) => {
    const keys = writeTicks(join(root, 'feed.csv'), { rows: 1000, symbols: 4 });
    writeFileSync(join(root, 'sent'), keys.join('\n'));
    await mustRun(root, 'init');
    await mustRun(root, 'ingest', 'feed.csv', ...TICK_INPUT, '--date', DATE);
    await mustRun(root, 'rollover', '--exchange', 'nse', '--date', DATE);
  },
  command: (root) =>
    tb(
      root,
      'archive',
      '--exchange',
      'nse',
      '--tick-days',
      '1',
      '--minute-days',
      '1',
      '--today',
      '2026-06-01',
    ),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed }) => {
    const rows = await nseRows(root);
    return [
      ...tickProblems(rows, keptKeys(root, 'sent'), true),
      ...(rows.published.length === 6 ? [] : [`published: ${rows.published.join('; ')}`]),
      ...litterProblems(root, completed),
    ];
  },
  digest: marketDigest,
};
