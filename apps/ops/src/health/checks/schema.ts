import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { assertMigrated, isSchemaError, migrationsOf, SCHEMA_VERSION } from '@tb/schema';
import type { OpenDatabase } from '../databases.ts';
import { fail, type Observation, ok } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** `.schema_version` and the migration ledger of each database are those of this version of the packages. */
export const schema: Check = {
  name: 'schema',
  run: async ({ layout, databases }) => {
    const version = (await readFile(layout.schemaVersionFile, 'utf8')).trim();
    const file = relative(layout.root, layout.schemaVersionFile);
    const open = databases.all.filter((one): one is OpenDatabase => one.state === 'open');
    return [
      version === SCHEMA_VERSION
        ? ok(file, version, SCHEMA_VERSION)
        : fail(
            file,
            version.slice(0, 40),
            SCHEMA_VERSION,
            'Run `tb init` to upgrade an older data root; a newer one wants newer packages.',
          ),
      ...open.map(ledgerOf),
    ];
  },
};

/** Observed: the sentence of the ledger's error, or the number of migrations. */
function ledgerOf(database: OpenDatabase): Observation {
  const needed = migrationsOf(database.schema).length;
  try {
    assertMigrated(database.db, database.schema);
    return ok(database.name, needed, needed);
  } catch (error) {
    if (!isSchemaError(error)) throw error;
    return fail(database.name, `${error.code}: ${error.message}`, needed, error.hint);
  }
}
