import { DatabaseManager } from '@tb/manager';
import { assertExchange, assertTradingDate } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { assertKind, ingest } from '../ingest.ts';
import { addInputOptions } from '../input/input-flags.ts';
import { type InputFlags, parseInputOptions } from '../input/input-options.ts';
import type { CommandResult } from '../output.ts';
import type { Execute } from '../run.ts';

interface IngestFlags extends InputFlags {
  readonly exchange: string;
  readonly kind: string;
  readonly date?: string;
  readonly source?: string;
  readonly wait: number;
  readonly allowEmpty?: boolean;
}

/** `tb ingest`: rows into the live buffer of today. */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('ingest')
    .description('append ticks or 1m candles to the live buffer, as the ingestor')
    .argument('<files...>', 'csv, csv.gz, jsonl or parquet; - reads stdin')
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .requiredOption('--kind <kind>', 'ticks or candles')
    .option('--date <date>', 'trading date of all rows; without it the calendar decides by time')
    .option(
      '--source <name>',
      'name of the feed on stdin: with a column source_seq, a redelivery is dropped',
    )
    .option('--wait <ms>', 'wait so long for the writer lock', Number, 0)
    .option('--allow-empty', 'an input without rows is no error');
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb ingest trades.csv.gz --exchange xnas --kind ticks --date 2013-10-07 --map ts=ts_utc,volume=size --tz UTC',
    )
    .action((files: string[], flags: IngestFlags, self: Command) =>
      execute(self, (context) => run(context, files, flags)),
    );
}

async function run(
  context: Context,
  files: readonly string[],
  flags: IngestFlags,
): Promise<CommandResult> {
  const { exchange } = flags;
  assertExchange(exchange);
  if (flags.date !== undefined) assertTradingDate(flags.date);
  const input = parseInputOptions(
    assertKind(flags.kind),
    flags.kind === 'candles' ? '1m' : '',
    flags,
  );
  await using manager = await DatabaseManager.open({
    root: context.layout.root,
    role: 'ingestor',
    exchanges: [exchange],
    waitMs: flags.wait,
    purpose: 'tb ingest',
    signal: context.signal,
  });
  const live = manager.live(exchange);
  const result = await ingest(
    { files, input, tradingDate: flags.date, source: flags.source, allowEmpty: flags.allowEmpty },
    {
      live,
      layout: context.layout,
      calendar: manager.calendarOf(exchange),
      stdin: process.stdin,
      signal: context.signal,
      startedAt: context.startedAt,
      progress: context.progress('ingest'),
    },
  );
  const days = live.days().map((day) => ({
    date: day.tradingDate,
    rows: day.rows,
    sha256: null,
    path: context.layout.liveDb(exchange),
    revision: null,
  }));
  const { status, ...counts } = result;
  return {
    status,
    fields: { exchange, kind: flags.kind, ...counts, days },
    lines: [
      `${exchange}: ${status}: ${counts.rowsAccepted} rows accepted of ${counts.rowsRead} read, ${counts.rowsDuplicate} duplicate, ${counts.rowsRejected} rejected${counts.rejectedFile ? `: ${counts.rejectedFile}` : ''}`,
    ],
    exit: status === 'interrupted' ? EXIT.refused : EXIT.done,
  };
}
