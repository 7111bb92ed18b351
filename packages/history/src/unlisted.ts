import { unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { SqliteDatabase } from '@tb/locks';
import { assertExchange, assertTradingDate, type Layout } from '@tb/schema';
import { dayFoldersOf, namesIn, parseDayFileName, tradingDateOfTemp } from './day-folders.ts';

/** @internal Inside the transaction of a writer, see `ManifestWriter.removeUnlisted`. */
export function removeUnlistedFiles(
  db: SqliteDatabase,
  layout: Layout,
  exchange: string,
  tradingDate: string,
  except: readonly string[],
): readonly string[] {
  const isListed = db
    .prepare('SELECT 1 FROM files WHERE path = ? UNION ALL SELECT 1 FROM garbage WHERE path = ?')
    .pluck();
  const found = filesOfDate(layout, exchange, tradingDate);
  const unlisted = found.filter(
    (path) => !except.includes(path) && isListed.get(path, path) === undefined,
  );
  return unlinkAll(layout, unlisted);
}

/**
 * Unlinks temporary files of a trading date; call it before a build, so that what a killed build left does not stay. A
 * build of the same date in another process loses its files and says so with `BUILT_FILE_LOST`.
 * @returns Relative paths of what was removed.
 */
export function discardTemps(
  layout: Layout,
  exchange: string,
  tradingDate: string,
): readonly string[] {
  const found = filesOfDate(layout, exchange, tradingDate);
  return unlinkAll(
    layout,
    found.filter((path) => tradingDateOfTemp(posix.basename(path)) !== undefined),
  );
}

/**
 * Unlinks what killed builds of months and archives left in one folder.
 * @param folder Relative to the root. @param label What `tempName` was given: a trading date, or more.
 */
export function discardTempsIn(layout: Layout, folder: string, label: string): void {
  const temps = namesIn(layout.absolute(folder)).filter(
    (name) => tradingDateOfTemp(name) !== undefined && name.startsWith(`.tmp-${label}-`),
  );
  unlinkAll(
    layout,
    temps.map((name) => posix.join(folder, name)),
  );
}

/** Relative paths of all files that are named after a trading date, temporary ones too. */
function filesOfDate(layout: Layout, exchange: string, tradingDate: string): readonly string[] {
  assertExchange(exchange);
  assertTradingDate(tradingDate);
  return dayFoldersOf(layout, exchange).flatMap((folder) =>
    namesIn(layout.absolute(folder.path))
      .filter((name) => {
        const date = parseDayFileName(name)?.tradingDate ?? tradingDateOfTemp(name);
        return date === tradingDate;
      })
      .map((name) => posix.join(folder.path, name)),
  );
}

function unlinkAll(layout: Layout, paths: readonly string[]): readonly string[] {
  for (const path of paths) unlinkSync(layout.absolute(path));
  return paths;
}
