import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_LITTER } from '../litter.ts';
import type { RootRows } from '../oracle/root-rows.ts';
import type { Scenario } from '../scenario.ts';
import { DATE, writeTicks } from './feed.ts';
import { keptKeys, litterProblems, marketDigest, nseRows, tickProblems } from './market.ts';
import { correctionProblems, isCorrected } from './revisions.ts';
import { hasResult, mustRun, TICK_INPUT, tb } from './tb.ts';

/**
 * `tb rollover --correct`: rows that came after their date was published wait in the live buffer until a new revision has
 * them. At every moment each is late or published, and published once.
 */
export const scenario: Scenario = {
  name: 'rollover-correct',
  commands: ['rollover'],
  prepare: async (root) => {
    await mustRun(root, 'init');
    const sent: string[] = [];
    for (const [name, rows] of [
      ['day', 900],
      ['late', 120],
    ] as const) {
      sent.push(...writeTicks(join(root, `${name}.csv`), { rows, symbols: 4, seed: name }));
      await mustRun(root, 'ingest', `${name}.csv`, ...TICK_INPUT, '--date', DATE);
      if (name === 'day') await mustRun(root, 'rollover', '--exchange', 'nse', '--date', DATE);
    }
    writeFileSync(join(root, 'sent'), sent.join('\n'));
    writeFileSync(join(root, 'late.keys'), sent.slice(900).join('\n'));
  },
  command: (root) =>
    tb(
      root,
      ...['rollover', '--exchange', 'nse', '--date', DATE],
      ...['--correct', '--reason', 'the feed caught up'],
    ),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    return [
      ...correctionProblems(rows, promised),
      // Published with the date, they are no longer counted where they waited.
      ...tickProblems(
        isCorrected(rows) ? { ...rows, late: [] } : rows,
        keptKeys(root, 'sent'),
        true,
      ),
      ...lateProblems(root, rows, completed),
      ...litterProblems(root, completed),
    ];
  },
  digest: marketDigest,
};

/** All of them wait, or none: of a new revision they may still be there when it has just been published. */
function lateProblems(root: string, rows: RootRows, completed: boolean): string[] {
  const wanted = keptKeys(root, 'late.keys').length;
  const found = rows.late.length;
  if (completed && isCorrected(rows) && found > 0)
    return [`${found} rows are published, and wait still`];
  return found === wanted || (found === 0 && isCorrected(rows))
    ? []
    : [`${found} of ${wanted} late rows wait`];
}
