import { initialiseRoot } from '@tb/manager';
import type { Command } from 'commander';
import type { Execute } from '../execute.ts';

/** `tb init`: creates the data root, or completes a half-made one. */
export function register(program: Command, execute: Execute): void {
  program
    .command('init')
    .description('create the data root with all six databases; safe to run again')
    .addHelpText('after', '\nExample:\n  $ tb init --root data')
    .action((_options: unknown, command: Command) =>
      execute(command, async ({ layout }) => {
        const { status, schemaVersion, databases } = await initialiseRoot(layout);
        return {
          status,
          fields: { root: layout.root, schemaVersion, databases },
          lines: [`${layout.root}: ${status}, schema ${schemaVersion}`],
        };
      }),
    );
}
