import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqlite } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { copyDurably, makeFolder, syncFolder } from '../files/durable.ts';
import type { BackedUpFile } from './backup-entry.ts';
import type { BackupTools } from './backup-tools.ts';
import { namesIn } from './list-backups.ts';

const READ_ONLY = 0o444;

/** What a backup of market data holds besides the manifest. */
export interface StoredFiles {
  readonly files: readonly BackedUpFile[];
  readonly calendars: readonly BackedUpFile[];
}

/**
 * The bytes of every published file and of every calendar, once each, in `files/` under their sha256. Only what is new is
 * copied; each copy of a published file is compared with the manifest.
 *
 * @param manifestCopy The copy of the manifest that the backup holds: it says what is published.
 * @param parent `backups/market_data`.
 */
export async function storeFiles(
  manifestCopy: string,
  parent: string,
  tools: BackupTools,
): Promise<StoredFiles> {
  const store = join(parent, 'files');
  await makeFolder(store);
  const present = new Set(await namesIn(store));
  for (const name of present)
    if (name.endsWith('.tmp')) await rm(join(store, name), { force: true });
  const files = publishedFiles(manifestCopy);
  const missing = [
    ...new Map(
      files.filter((file) => !present.has(file.sha256)).map((file) => [file.sha256, file]),
    ).values(),
  ];
  for (const [done, file] of missing.entries()) {
    if (tools.signal.aborted)
      throw new OpsError(
        'INTERRUPTED',
        `Stopped after ${done} of ${missing.length} day files; the next backup goes on`,
      );
    await storePublished(file, store, tools.layout);
    tools.onProgress?.(done + 1, missing.length);
  }
  const calendars = await storeCalendars(store, tools.layout);
  syncFolder(store);
  tools.onStep?.('files copied');
  return { files, calendars };
}

function publishedFiles(manifestCopy: string): readonly BackedUpFile[] {
  const db = openSqlite(manifestCopy, { readonly: true });
  try {
    return db
      .prepare(
        "SELECT path, sha256, size_bytes AS sizeBytes FROM files WHERE tier <> 'pruned' ORDER BY path",
      )
      .all() as BackedUpFile[];
  } finally {
    db.close();
  }
}

async function storePublished(file: BackedUpFile, store: string, layout: Layout): Promise<void> {
  const target = join(store, file.sha256);
  const copy = await copyDurably(layout.absolute(file.path), `${target}.tmp`, READ_ONLY);
  if (copy.sha256 !== file.sha256 || copy.sizeBytes !== file.sizeBytes) {
    await rm(`${target}.tmp`, { force: true });
    throw new OpsError(
      'BACKUP_CORRUPT',
      `Day file ${file.path} has sha256 ${copy.sha256.slice(0, 16)}, the manifest says ${file.sha256.slice(0, 16)}`,
      { hint: 'Restore it: tb restore market-data. Then run the backup again.' },
    );
  }
  await link(`${target}.tmp`, target);
  await rm(`${target}.tmp`);
}

/** Without its calendar an exchange that users added has no sessions: its day files could be read, and not checked. */
async function storeCalendars(store: string, layout: Layout): Promise<readonly BackedUpFile[]> {
  const stored: BackedUpFile[] = [];
  for (const name of await namesIn(layout.calendars)) {
    if (!name.endsWith('.json')) continue;
    const temporary = join(store, `${name}.tmp`);
    const copy = await copyDurably(join(layout.calendars, name), temporary, READ_ONLY);
    await link(temporary, join(store, copy.sha256)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // the same bytes, from an earlier backup
    });
    await rm(temporary);
    stored.push({ path: `calendars/${name}`, ...copy });
  }
  return stored;
}
