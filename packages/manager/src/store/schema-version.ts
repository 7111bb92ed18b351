import { readFile, stat } from 'node:fs/promises';
import { type Layout, SCHEMA_VERSION, SchemaError, type StoreName } from '@tb/schema';
import { ManagerError } from '../errors.ts';

export const STORES: readonly StoreName[] = ['trading', 'signals', 'config', 'index'];

/** The version in `.schema_version`; undefined when the file is not there. */
export async function findSchemaVersion(layout: Layout): Promise<string | undefined> {
  try {
    return (await readFile(layout.schemaVersionFile, 'utf8')).trim();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Below 0 when `a` is the older one. @throws `STORE_FAILED` for text that is no version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => {
    const parts = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text);
    if (!parts)
      throw new ManagerError(
        'STORE_FAILED',
        `.schema_version holds ${JSON.stringify(text.slice(0, 40))}, which is no version`,
        {
          hint: 'Restore market_data/.schema_version from a backup, or write the version into it.',
        },
      );
    return parts.slice(1).map(Number);
  }) as [number[], number[]];
  return left.map((part, index) => part - (right[index] ?? 0)).find((part) => part !== 0) ?? 0;
}

/**
 * Checks that `tb init` was run to its end, and by a version that agrees with this one.
 * @throws `NOT_INITIALISED`, `SCHEMA_TOO_NEW`, `SCHEMA_TOO_OLD`
 */
export async function assertInitialised(layout: Layout): Promise<void> {
  const version = await findSchemaVersion(layout);
  if (version === undefined)
    throw new ManagerError('NOT_INITIALISED', `${layout.schemaVersionFile} does not exist`, {
      hint: `Run \`tb init --root ${layout.root}\`.`,
    });
  const order = compareVersions(version, SCHEMA_VERSION);
  if (order !== 0)
    throw new SchemaError(
      order > 0 ? 'SCHEMA_TOO_NEW' : 'SCHEMA_TOO_OLD',
      `The data root is at schema ${version}, this version is at ${SCHEMA_VERSION}`,
    );
  for (const path of [layout.manifest, ...STORES.map((store) => layout.storeDb(store))])
    if (!(await exists(path)))
      throw new ManagerError('NOT_INITIALISED', `${path} does not exist`, {
        hint: `Run \`tb init --root ${layout.root}\`, or restore the database from a backup.`,
      });
}

/** By stat: opening a database file would drop this process's locks on it. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw error;
  }
}
