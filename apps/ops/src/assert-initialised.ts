import { access } from 'node:fs/promises';
import { type Layout, SchemaError } from '@tb/schema';

/** @throws `ROOT_NOT_INITIALISED` when the folder is no data root. */
export async function assertInitialised(layout: Layout): Promise<void> {
  try {
    await access(layout.schemaVersionFile);
  } catch (cause) {
    throw new SchemaError(
      'ROOT_NOT_INITIALISED',
      `${layout.root} is not a data root: it has no market_data/.schema_version`,
      { cause, hint: `tb init --root ${layout.root}` },
    );
  }
}
