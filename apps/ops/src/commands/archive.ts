import { assertTradingDate } from '@tb/schema';
import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { archive } from '../history/archive.ts';
import type { CommandResult } from '../output.ts';

interface Flags {
  readonly exchange?: string;
  readonly tickDays: number;
  readonly minuteDays: number;
  readonly today?: string;
  readonly dryRun?: boolean;
  readonly wait: number;
}

/** `tb archive`: old data to Parquet. */
export function register(program: Command, execute: Execute): void {
  program
    .command('archive')
    .description(
      'ticks older than 90 days and 1m candles older than a year to verified Parquet; still answered by every query',
    )
    .option('--exchange <exchange>', 'of this exchange only')
    .option('--tick-days <days>', 'ticks stay hot so long', Number, 90)
    .option('--minute-days <days>', '1m candles stay hot so long', Number, 365)
    .option('--today <date>', 'count ages from this trading date (default: today, UTC)')
    .option('--dry-run', 'name the files, change nothing')
    .option('--wait <ms>', 'wait so long for the writer lock of market_data', Number, 30_000)
    .addHelpText('after', '\nExample:\n  $ tb archive --dry-run')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  const today = flags.today ?? new Date().toISOString().slice(0, 10);
  assertTradingDate(today);
  if (!(flags.tickDays >= 0 && flags.minuteDays >= 0))
    throw new OpsError('BAD_OPTION', '--tick-days and --minute-days are numbers from 0');
  const progress = context.progress('archive');
  const exchanges = flags.exchange === undefined ? undefined : [flags.exchange];
  const result = await archive(
    {
      today,
      tickDays: flags.tickDays,
      minuteDays: flags.minuteDays,
      exchanges,
      dryRun: flags.dryRun,
    },
    {
      layout,
      signal: context.signal,
      waitMs: flags.wait,
      onPublished: (done) => progress.update(done),
    },
  );
  progress.end();
  const files = result.files.map((file) => ({
    exchange: file.exchange,
    kind: file.kind,
    timeframe: file.timeframe === '' ? null : file.timeframe,
    date: file.tradingDate,
    revision: file.revision,
    rows: file.rows,
    path: layout.absolute(layout.archiveFile(file)),
  }));
  return {
    status: result.status,
    fields: { files },
    lines: [
      `${result.status}: ${files.length} files`,
      ...files.slice(0, 20).map((file) => `  ${file.path}`),
      ...(files.length > 20 ? [`  and ${files.length - 20} more`] : []),
    ],
  };
}
