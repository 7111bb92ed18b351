import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { backupFolders, backupProblems } from './backups.ts';
import { insertOrders, tradingDb } from './orders.ts';
import { hasResult, mustRun, tb } from './tb.ts';

const kept = (root: string, name: 'old' | 'new'): string => readFileSync(join(root, name), 'utf8');

/** `tb restore trading`: the database is the old one or the restored one, whole, and the replaced one is kept. */
export const scenario: Scenario = {
  name: 'restore',
  commands: ['restore'],
  prepare: async (root) => {
    await mustRun(root, 'init');
    insertOrders(root, 1, 30);
    await mustRun(root, 'backup', 'trading');
    writeFileSync(join(root, 'new'), sha256(storeContent(tradingDb(root))));
    insertOrders(root, 31, 40);
    writeFileSync(join(root, 'old'), sha256(storeContent(tradingDb(root))));
  },
  command: (root) =>
    tb(root, 'restore', 'trading', '--backup', backupFolders(root)[0]?.id ?? 'none'),
  promises: hasResult,
  check: async (root, { promised }) => {
    const folder = dirname(tradingDb(root));
    const replaced = readdirSync(folder).filter(
      (name) => name.includes('.replaced-') && !/-(wal|shm)$/.test(name),
    );
    const isOldKept = replaced.some(
      (name) => sha256(storeContent(join(folder, name))) === kept(root, 'old'),
    );
    if (!existsSync(tradingDb(root))) return ['the database is gone'];
    const now = sha256(storeContent(tradingDb(root)));
    const problems = backupProblems(root);
    if (now !== kept(root, 'old') && now !== kept(root, 'new'))
      problems.push('the database is neither the old one nor the restored one');
    if (now === kept(root, 'new') && !isOldKept)
      problems.push('the replaced database was not kept');
    if (promised && now !== kept(root, 'new'))
      problems.push('said to be done, but the database is the old one');
    return problems;
  },
  digest: async (root) => sha256(storeContent(tradingDb(root))),
};
