import { assertExchange } from '@tb/schema';
import type { Command } from 'commander';
import { importActions } from '../../actions/import-actions.ts';
import { assertInitialised } from '../../assert-initialised.ts';
import type { Context } from '../../context.ts';
import { OpsError } from '../../errors.ts';
import type { Execute } from '../../execute.ts';
import { inputOf } from '../../input/cell-source.ts';
import type { InputFormat } from '../../input/input-options.ts';
import { timeParser } from '../../input/time-parser.ts';
import type { CommandResult } from '../../output.ts';

interface Flags {
  readonly exchange: string;
  readonly knownAt?: string;
  readonly inputFormat?: string;
  readonly dryRun?: boolean;
}

const FORMATS: readonly string[] = ['csv', 'jsonl', 'parquet'] satisfies InputFormat[];

/** `tb actions import`. */
export function registerImport(actions: Command, execute: Execute): void {
  actions
    .command('import')
    .description('take splits, dividends and renames from files; safe to run again')
    .argument('<files...>', 'csv, csv.gz, jsonl or parquet: kind, symbol, date, factor, new_symbol')
    .requiredOption('--exchange <exchange>', 'e.g. xnas')
    .option('--known-at <time>', 'when rows without known_at became known; default now')
    .option(
      '--input-format <format>',
      'csv, jsonl or parquet; by default the name of the file says',
    )
    .option('--dry-run', 'read and check everything, store nothing')
    .addHelpText('after', '\nExample:\n  $ tb actions import splits.csv --exchange xnas')
    .action((files: string[], flags: Flags, self: Command) =>
      execute(self, (context) => run(context, files, flags)),
    );
}

async function run(
  context: Context,
  files: readonly string[],
  flags: Flags,
): Promise<CommandResult> {
  const { exchange } = flags;
  assertExchange(exchange);
  const format = formatOf(flags.inputFormat);
  await assertInitialised(context.layout);
  const result = await importActions(
    {
      exchange,
      inputs: files.map((file) => inputOf(file, format)),
      knownAt: flags.knownAt === undefined ? undefined : timeOf(flags.knownAt),
      dryRun: flags.dryRun === true,
    },
    context,
  );
  const { status, rowsRead, rowsAccepted, rowsSuperseding, rowsDuplicate, rowsRejected } = result;
  const rejected = result.rejectedFile === null ? '' : `: ${result.rejectedFile}`;
  return {
    status,
    fields: { exchange, ...result },
    lines: [
      `${exchange}: ${status}: ${rowsAccepted} of ${rowsRead} rows, ${rowsSuperseding} of them in place of an earlier one, ${rowsDuplicate} known already, ${rowsRejected} rejected${rejected}`,
    ],
  };
}

function formatOf(text: string | undefined): InputFormat | undefined {
  if (text === undefined || FORMATS.includes(text)) return text as InputFormat | undefined;
  throw new OpsError('BAD_OPTION', `--input-format ${text} is not one of ${FORMATS.join(', ')}`);
}

function timeOf(text: string): bigint {
  const time = timeParser('iso', 'UTC')(text);
  if (typeof time === 'bigint') return time;
  if (time !== undefined) return BigInt(Date.parse(time.date)) * 1_000_000n;
  throw new OpsError('BAD_OPTION', `--known-at ${JSON.stringify(text)} is not a time`, {
    hint: 'Use a date, e.g. 2026-02-02, or ISO 8601 with a zone, e.g. 2026-02-02T03:45:00Z.',
  });
}
