import { existsSync, readdirSync } from 'node:fs';
import { filesOf } from '../litter.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { dataRoot, hasResult, STORES, storesContent, tb } from './tb.ts';

/** `tb init` from nothing: a half-made root is completed. */
export const scenario: Scenario = {
  name: 'init',
  commands: ['init'],
  prepare: async () => undefined,
  command: (root) => tb(root, 'init'),
  promises: hasResult,
  check: async (root, { promised }) => {
    // Every database that exists is whole: storeContent runs integrity_check, and throws.
    for (const store of STORES) storeContent(`${dataRoot(root)}/${store}`);
    return promised && STORES.some((store) => !existsSync(`${dataRoot(root)}/${store}`))
      ? ['a database is missing']
      : [];
  },
  digest: async (root) => {
    const manifest = storeContent(`${dataRoot(root)}/market_data/manifest.db`);
    const files = filesOf(dataRoot(root)).filter((path) => !/-(wal|shm)$/.test(path));
    return sha256(
      [readdirSync(dataRoot(root)).sort(), files, storesContent(root), manifest].join('\n'),
    );
  },
};
