import { join } from 'node:path';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { backupFolders, backupProblems } from './backups.ts';
import { writeCandles } from './feed.ts';
import { insertOrders, tradingDb } from './orders.ts';
import { surroundings } from './runs.ts';
import { CANDLE_INPUT, hasResult, mustRun, tb } from './tb.ts';

/** `tb backup all`: a backup that can be restored is whole and true, and nothing is changed by taking it. */
export const scenario: Scenario = {
  name: 'backup',
  commands: ['backup'],
  prepare: async (root) => {
    writeCandles(join(root, 'day.csv'), { symbols: 1, seed: 'backup' });
    await mustRun(root, 'init');
    await mustRun(root, 'import', 'day.csv', ...CANDLE_INPUT);
    insertOrders(root, 1, 30);
  },
  command: (root) => tb(root, 'backup', 'all'),
  promises: hasResult,
  check: async (root, { promised }) => {
    const problems = backupProblems(root);
    const folders = backupFolders(root);
    const now = storeContent(tradingDb(root));
    for (const { id, file } of folders.filter(({ database }) => database === 'trading'))
      if (storeContent(file) !== now)
        problems.push(`backup ${id} has other rows than the database`);
    const databases = new Set(folders.map(({ database }) => database));
    if (promised && databases.size !== 5)
      problems.push(`backups of ${[...databases].join(', ')} alone`);
    return problems;
  },
  // Another run is another backup: what counts is what the newest of each database holds.
  digest: async (root) => {
    const newest = new Map(backupFolders(root).map(({ database, file }) => [database, file]));
    const contents = [...newest]
      .sort()
      .map(([database, file]) => `${database} ${storeContent(file)}`);
    return sha256([...contents, await surroundings(root)].join('\n'));
  },
};
