import { initialiseRoot } from '@tb/manager';
import { SCHEMA_VERSION } from '@tb/schema';
import type { Command } from 'commander';
import type { Execute } from '../run.ts';

/** `tb init`: creates the data root, or completes a half-made one. */
export function register(program: Command, execute: Execute): void {
  program
    .command('init')
    .description('create the data root with all six databases; safe to run again')
    .addHelpText('after', '\nExample:\n  $ tb init --root data')
    .action((_options: unknown, command: Command) =>
      execute(command, async ({ layout }) => {
        const created = await initialiseRoot(layout);
        const status = created.length > 0 ? 'created' : 'already_initialised';
        return {
          status,
          fields: { root: layout.root, schemaVersion: SCHEMA_VERSION, created },
          lines: [`${layout.root}: ${status}, schema ${SCHEMA_VERSION}`],
        };
      }),
    );
}
