import { assertExchange, isStoredTimeframe, STORED_TIMEFRAMES } from '@tb/schema';
import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import type { Context } from '../context.ts';
import { correctionOf, explanationOf } from '../correction-flags.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { gateLines } from '../gates.ts';
import { listStaleMonths, staleMonthLines } from '../history/stale-months.ts';
import { importFiles } from '../import/import-files.ts';
import { assertKind } from '../ingest.ts';
import { addInputOptions } from '../input/input-flags.ts';
import { type InputFlags, parseInputOptions } from '../input/input-options.ts';
import type { CommandResult } from '../output.ts';

interface ImportFlags extends InputFlags {
  readonly exchange: string;
  readonly kind: string;
  readonly timeframe: string;
  readonly correct?: boolean;
  readonly add?: boolean;
  readonly reason?: string;
  readonly accept?: readonly string[];
  readonly dryRun?: boolean;
  readonly allowEmpty?: boolean;
  readonly wait: number;
}

/** `tb import`: backfill, straight into day files. */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('import')
    .description(
      'backfill files straight into day files, one publication per trading date; safe to run again',
    )
    .argument('<files...>', 'csv, csv.gz, jsonl or parquet')
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .requiredOption('--kind <kind>', 'ticks or candles')
    .option('--timeframe <timeframe>', 'of candles: 1m, 5m, 15m, 1h or 1d', '1m')
    .option(
      '--correct',
      'a published date with other rows gets a new revision: symbols of the input replace theirs; needs --reason',
    )
    .option(
      '--add',
      'ticks or 1m candles join those of a published date, which all stay; needs --reason',
    )
    .option('--reason <text>', 'why it is corrected; kept in a hash-chained record')
    .option('--accept <gate[:symbol]=reason...>', 'accept a finding of a gate, with the reason')
    .option('--dry-run', 'read, build and check everything, publish nothing')
    .option('--allow-empty', 'an input without rows is no error')
    .option('--wait <ms>', 'wait so long for the writer lock of market_data', Number, 30_000);
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb import nse_1m.csv.gz --exchange nse --kind candles --map ts=ts_utc --tz UTC',
    )
    .action((files: string[], flags: ImportFlags, self: Command) =>
      execute(self, (context) => run(context, files, flags)),
    );
}

async function run(
  context: Context,
  files: readonly string[],
  flags: ImportFlags,
): Promise<CommandResult> {
  assertExchange(flags.exchange);
  const kind = assertKind(flags.kind);
  if (!isStoredTimeframe(flags.timeframe))
    throw new OpsError(
      'BAD_OPTION',
      `--timeframe ${flags.timeframe} is not one of ${STORED_TIMEFRAMES.join(', ')}`,
    );
  if (flags.add === true && kind === 'candles' && flags.timeframe !== '1m')
    throw new OpsError('BAD_OPTION', '--add takes ticks and 1m candles: the wider ones follow');
  const correction = correctionOf(flags);
  await assertInitialised(context.layout);
  const result = await importFiles(
    {
      exchange: flags.exchange,
      files,
      input: parseInputOptions(kind, kind === 'ticks' ? '' : flags.timeframe, flags),
      correction,
      mode: flags.add === true ? 'add' : 'replace',
      explained: (flags.accept ?? []).map(explanationOf),
      dryRun: flags.dryRun,
      allowEmpty: flags.allowEmpty,
    },
    {
      layout: context.layout,
      signal: context.signal,
      startedAt: context.startedAt,
      progress: context.progress('import'),
      waitMs: flags.wait,
      onStep: (step) => context.verbose && context.log(step),
    },
  );
  const { status, ...fields } = result;
  const staleMonths = listStaleMonths(context.layout, flags.exchange);
  const { days, findings } = result;
  return {
    status,
    fields: {
      exchange: flags.exchange,
      kind,
      timeframe: kind === 'ticks' ? null : flags.timeframe,
      ...fields,
      staleMonths,
    },
    lines: [
      `${flags.exchange}: ${status}: ${result.rowsAccepted} rows accepted of ${result.rowsRead} read, ${result.rowsDuplicate} duplicate, ${result.rowsRejected} rejected${result.rejectedFile ? `: ${result.rejectedFile}` : ''}`,
      `  ${days.length} trading dates${days.length > 0 ? `, ${days[0]?.date} to ${days[days.length - 1]?.date}` : ''}: ${[
        'imported',
        'already_imported',
        'corrected',
        'planned',
      ]
        .map((each) => [each, days.filter((day) => day.status === each).length] as const)
        .filter(([, count]) => count > 0)
        .map(([each, count]) => `${count} ${each}`)
        .join(', ')}`,
      ...gateLines(findings),
      ...staleMonthLines(staleMonths),
    ],
  };
}
