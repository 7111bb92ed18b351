import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import { restore } from '../backup/restore.ts';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { timeParser } from '../input/time-parser.ts';
import type { CommandResult } from '../output.ts';
import { databaseOf, plainBackup } from './backup.ts';

interface Flags {
  readonly at?: string;
  readonly backup?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly wait: number;
}

/** `tb restore`: a backup into the place of a database, or beside. */
export function register(program: Command, execute: Execute): void {
  program
    .command('restore')
    .description(
      'put a backup in the place of a database, under the writer lock; the replaced one is kept',
    )
    .argument('<database>', 'trading, signals, config, index or market-data')
    .option('--at <time>', 'the newest backup taken at or before this time, ISO 8601 with zone')
    .option('--backup <id>', 'this backup; see tb backups')
    .option('--to <dir>', 'restore beside, into this folder, and touch nothing else')
    .option('--dry-run', 'verify the backup, change nothing')
    .option('--wait <ms>', 'wait so long for the writer lock', Number, 0)
    .addHelpText('after', '\nExample:\n  $ tb restore trading --at 2026-02-02T10:00:00Z')
    .action((name: string, flags: Flags, self: Command) =>
      execute(self, (context) => run(context, name, flags)),
    );
}

async function run(context: Context, name: string, flags: Flags): Promise<CommandResult> {
  const database = databaseOf(name);
  if ((flags.at === undefined) === (flags.backup === undefined))
    throw new OpsError('BAD_OPTION', 'State --at TIME or --backup ID');
  await assertInitialised(context.layout);
  const at = flags.at === undefined ? undefined : dateOf(flags.at);
  const result = await restore(
    { database, id: flags.backup, at, to: flags.to, dryRun: flags.dryRun },
    { layout: context.layout, signal: context.signal, waitMs: flags.wait },
  );
  return {
    status: result.status,
    fields: {
      database,
      backup: plainBackup(result.backup),
      restoredTo: result.restoredTo,
      replacedKeptAt: result.replacedKeptAt ?? null,
      files: result.files,
    },
    lines: [
      `${database}: ${result.status} from ${result.backup.id}, taken ${result.backup.takenAt}`,
      `  ${result.restoredTo}${result.files.length > 0 ? `, ${result.files.length} day files put back` : ''}`,
      ...(result.replacedKeptAt === undefined
        ? []
        : [`  the replaced database is kept at ${result.replacedKeptAt}`]),
    ],
  };
}

function dateOf(text: string): Date {
  const ns = timeParser('iso', undefined)(text);
  if (typeof ns !== 'bigint')
    throw new OpsError('BAD_OPTION', `--at ${JSON.stringify(text)} is not a time`, {
      hint: 'Use ISO 8601 with a zone, e.g. 2026-02-02T10:00:00Z.',
    });
  return new Date(Number(ns / 1_000_000n));
}
