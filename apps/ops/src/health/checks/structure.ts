import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { fail, type Observation, ok } from '../finding.ts';
import type { Check } from '../health-context.ts';

const HINT = 'Run `tb init`, which completes a data root, or restore the database from a backup.';

/** Every folder of a data root and each of its five databases is there. */
export const structure: Check = {
  name: 'structure',
  run: async ({ layout, databases }) => {
    const folders = [
      layout.marketData,
      layout.liveBuffer,
      layout.storeDir('trading'),
      layout.storeDir('signals'),
      layout.storeDir('config'),
      layout.storeDir('index'),
      layout.runsDir,
      layout.backups,
      layout.quarantine,
      layout.legacy,
      layout.calendars,
    ];
    const findings: Observation[] = [];
    for (const folder of folders) {
      const kind = await kindOf(folder);
      if (kind !== 'folder')
        findings.push(fail(relative(layout.root, folder), kind, 'folder', HINT));
    }
    for (const { name, state } of databases.all)
      if (state === 'missing') findings.push(fail(name, 'missing', 'file', HINT));
    const parts = folders.length + databases.all.length;
    return findings.length > 0 ? findings : [ok(layout.root, parts, parts)];
  },
};

async function kindOf(path: string): Promise<'folder' | 'file' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw error;
  }
}
