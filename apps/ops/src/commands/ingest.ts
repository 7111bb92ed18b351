import type { LiveBuffer } from '@tb/live';
import { DatabaseManager } from '@tb/manager';
import { assertExchange, assertTradingDate, type Kind } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import { type FollowResult, follow } from '../ingest/follow.ts';
import { assertKind, type IngestResult, ingest } from '../ingest.ts';
import { addInputOptions } from '../input/input-flags.ts';
import { type InputFlags, parseInputOptions } from '../input/input-options.ts';
import type { CommandResult } from '../output.ts';

interface IngestFlags extends InputFlags {
  readonly exchange: string;
  readonly kind: string;
  readonly date?: string;
  readonly source?: string;
  readonly wait: number;
  readonly allowEmpty?: boolean;
  readonly follow?: boolean;
  readonly socket?: string;
}

/** `tb ingest`: rows into the live buffer of today. */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('ingest')
    .description('append ticks or 1m candles to the live buffer, as the ingestor')
    .argument('[files...]', 'csv, csv.gz, jsonl or parquet; - reads stdin')
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .requiredOption('--kind <kind>', 'ticks or candles')
    .option('--date <date>', 'trading date of all rows; without it the calendar decides by time')
    .option(
      '--source <name>',
      'name of the feed on stdin or the socket: with a column source_seq, a redelivery is dropped',
    )
    .option('--follow', 'store rows as they come, until the input ends or a signal comes')
    .option('--socket <path>', 'with --follow: listen on a Unix socket, for any number of feeds')
    .option('--wait <ms>', 'wait so long for the writer lock', Number, 0)
    .option('--allow-empty', 'an input without rows is no error');
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb ingest trades.csv.gz --exchange xnas --kind ticks --date 2013-10-07 --map ts=ts_utc,volume=size --tz UTC\n  $ feed | tb ingest - --follow --exchange xnas --kind ticks --input-format jsonl --ts-format ns --source feed-a',
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
  const isFollowing = assertInputs(files, flags);
  assertExchange(exchange);
  if (flags.date !== undefined) assertTradingDate(flags.date);
  const kind = assertKind(flags.kind);
  const input = parseInputOptions(kind, kind === 'candles' ? '1m' : '', flags, isFollowing);
  await using manager = await DatabaseManager.open({
    root: context.layout.root,
    role: 'ingestor',
    exchanges: [exchange],
    waitMs: flags.wait,
    purpose: 'tb ingest',
    signal: context.signal,
    ...(isFollowing ? { flushMs: 0 } : {}),
  });
  const live = manager.live(exchange);
  const tools = {
    live,
    layout: context.layout,
    calendar: manager.calendarOf(exchange),
    stdin: process.stdin,
    signal: context.signal,
    startedAt: context.startedAt,
  };
  const common = { input, tradingDate: flags.date, source: flags.source };
  const result = isFollowing
    ? await follow({ ...common, socket: flags.socket }, { ...tools, log: context.log })
    : await ingest(
        { ...common, files, allowEmpty: flags.allowEmpty },
        { ...tools, progress: context.progress('ingest') },
      );
  return resultOf(exchange, kind, result, daysOf(live, context.layout.liveDb(exchange)));
}

/** @returns whether rows are followed. @throws `BAD_OPTION` when files, stdin and socket do not go together */
function assertInputs(files: readonly string[], flags: IngestFlags): boolean {
  const { follow: isFollowing = false, socket } = flags;
  const fault = isFollowing
    ? socket === undefined
      ? (files.length !== 1 || files[0] !== '-') && '--follow reads - (stdin) or a --socket'
      : files.length > 0 && '--socket takes the place of files'
    : socket !== undefined
      ? '--socket needs --follow'
      : files.length === 0 && 'no input file is named';
  if (typeof fault === 'string') throw new OpsError('BAD_OPTION', fault);
  return isFollowing;
}

function daysOf(live: LiveBuffer, path: string): readonly Readonly<Record<string, unknown>>[] {
  return live.days().map(({ tradingDate: date, rows }) => ({
    date,
    rows,
    sha256: null,
    path,
    revision: null,
  }));
}

function resultOf(
  exchange: string,
  kind: Kind,
  result: IngestResult | FollowResult,
  days: ReturnType<typeof daysOf>,
): CommandResult {
  const { status, ...counts } = result;
  return {
    status,
    fields: { exchange, kind, ...counts, days },
    lines: [
      `${exchange}: ${status}: ${counts.rowsAccepted} rows accepted of ${counts.rowsRead} read, ${counts.rowsDuplicate} duplicate, ${counts.rowsRejected} rejected${counts.rejectedFile ? `: ${counts.rejectedFile}` : ''}`,
      ...(status === 'interrupted'
        ? ['Run the same command again: it goes on where it stopped.']
        : []),
    ],
    exit: status === 'interrupted' ? EXIT.refused : EXIT.done,
  };
}
