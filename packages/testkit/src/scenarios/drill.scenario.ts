import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { backupFolders, backupProblems } from './backups.ts';
import { insertOrders, tradingDb } from './orders.ts';
import { surroundings } from './runs.ts';
import { hasResult, mustRun, tb } from './tb.ts';

/** `tb drill`: proves the backups on a copy; databases and backups stay as they are. */
export const scenario: Scenario = {
  name: 'drill',
  commands: ['drill'],
  prepare: async (root) => {
    await mustRun(root, 'init');
    insertOrders(root, 1, 30);
    await mustRun(root, 'backup', 'all');
  },
  command: (root) => tb(root, 'drill'),
  promises: hasResult,
  check: async (root) => {
    const count = backupFolders(root).length;
    return [...backupProblems(root), ...(count === 5 ? [] : [`${count} of 5 backups`])];
  },
  digest: async (root) => sha256(`${storeContent(tradingDb(root))} ${await surroundings(root)}`),
};
