import { DATABASES, type Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { databaseFilesOf } from '../health/databases.ts';

/** A folder with a writer lock, by the name that `tb locks` takes. */
export interface LockFolder {
  /** `market_data`, `trading`, `signals`, `config`, `backtest`, `live_buffer/<exchange>`. */
  readonly database: string;
  /** Absolute. */
  readonly dir: string;
  /** The database that carries the fence. Absolute. */
  readonly fencePath: string;
}

/** Every folder with a writer lock: one a database, one for each exchange of the live buffer. */
export async function lockFoldersOf(layout: Layout): Promise<readonly LockFolder[]> {
  const files = await databaseFilesOf(layout);
  const pathOf = (name: string): string => files.find((file) => file.name === name)?.path ?? '';
  return DATABASES.flatMap((database): readonly LockFolder[] => {
    if (database === 'live_buffer')
      return files.flatMap(({ exchange, path }) =>
        exchange === undefined
          ? []
          : [
              {
                database: `live_buffer/${exchange}`,
                dir: layout.liveDir(exchange),
                fencePath: path,
              },
            ],
      );
    const file = { market_data: 'manifest', backtest: 'index' }[database as string] ?? database;
    return [{ database, dir: layout.lockDir(database), fencePath: pathOf(file) }];
  });
}

/** @param name With `-` for `_` too, and `index` for `backtest`. @throws `BAD_OPTION` */
export function lockFolderOf(folders: readonly LockFolder[], name: string): LockFolder {
  const wanted = name === 'index' ? 'backtest' : name.replaceAll('-', '_');
  const found = folders.find(({ database }) => database === wanted);
  if (found) return found;
  throw new OpsError(
    'BAD_OPTION',
    `${JSON.stringify(name)} is not one of ${folders.map(({ database }) => database).join(', ')}`,
  );
}
