import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCopy } from '../oracle/open-copy.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { dataRoot, hasResult, mustRun, tb } from './tb.ts';

const store = (root: string): string => join(dataRoot(root), 'config/config.db');
const KNOWN = '2026-01-05T00:00:00Z';
const ROWS = [
  ...Array.from(
    { length: 20 },
    (_, i) => `split,S${i},2026-01-${String(10 + i)},1/${i + 2},,${KNOWN}`,
  ),
  ...Array.from({ length: 20 }, (_, i) => `rename,S${i},2026-02-02,,T${i},${KNOWN}`),
];

/** `tb actions import`: all rows of a file are there, or none. */
export const scenario: Scenario = {
  name: 'actions-import',
  commands: ['actions import'],
  prepare: async (root) => {
    await mustRun(root, 'init');
    const header = 'kind,symbol,date,factor,new_symbol,known_at';
    writeFileSync(join(root, 'actions.csv'), `${[header, ...ROWS].join('\n')}\n`);
  },
  command: (root) => tb(root, 'actions', 'import', 'actions.csv', '--exchange', 'xnas'),
  promises: hasResult,
  check: async (root, { completed, promised }) => {
    using copy = openCopy(store(root));
    const health = copy.db.pragma('integrity_check', { simple: true });
    if (health !== 'ok') return [`integrity_check: ${health}`];
    const count = (table: string): number =>
      Number(copy.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    const stored = count('actions') + count('renames');
    if (stored !== 0 && stored !== ROWS.length) return [`${stored} of ${ROWS.length} rows`];
    if ((promised || completed) && stored === 0) return ['acknowledged rows are lost'];
    return [];
  },
  digest: async (root) => sha256(storeContent(store(root))),
};
