import { DatabaseManager } from '@tb/manager';
import { assertExchange, assertTradingDate } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { correctionOf, explanationOf } from '../correction-flags.ts';
import type { Execute } from '../execute.ts';
import { gateLines } from '../gates.ts';
import { listStaleMonths, staleMonthLines } from '../history/stale-months.ts';
import type { CommandResult } from '../output.ts';
import { rollover } from '../rollover/rollover.ts';
import type { RolledDate } from '../rollover/rollover-tools.ts';

interface RolloverFlags {
  readonly exchange: string;
  readonly date?: string;
  readonly dryRun?: boolean;
  readonly allowEmpty?: boolean;
  readonly strictSymbols?: boolean;
  readonly accept?: readonly string[];
  readonly correct?: boolean;
  readonly reason?: string;
  readonly wait: number;
}

/** `tb rollover`: the live buffer into day files. */
export function register(program: Command, execute: Execute): void {
  program
    .command('rollover')
    .description(
      'live buffer of a closed trading date -> immutable day files -> empty buffer; safe to run again',
    )
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .option('--date <date>', 'one trading date; without it every closed one, oldest first')
    .option('--dry-run', 'build and check, publish nothing')
    .option('--allow-empty', 'a date without rows is no error')
    .option('--strict-symbols', 'refuse when a symbol of the previous session has no rows')
    .option('--accept <gate[:symbol]=reason...>', 'accept a finding of a gate, with the reason')
    .option('--correct', 'add rows of dates that are published already; needs --reason')
    .option('--reason <text>', 'why they are added; kept in a hash-chained record')
    .option('--wait <ms>', 'wait so long for a writer lock', Number, 0)
    .addHelpText('after', '\nExample:\n  $ tb rollover --exchange nse --date 2026-02-02')
    .action((flags: RolloverFlags, self: Command) =>
      execute(self, (context) => run(context, flags)),
    );
}

async function run(context: Context, flags: RolloverFlags): Promise<CommandResult> {
  assertExchange(flags.exchange);
  if (flags.date !== undefined) assertTradingDate(flags.date);
  const correction = correctionOf(flags);
  await using manager = await DatabaseManager.open({
    root: context.layout.root,
    role: 'ingestor',
    exchanges: [flags.exchange],
    waitMs: flags.wait,
    purpose: 'tb rollover',
    signal: context.signal,
  });
  const result = await rollover(
    {
      tradingDate: flags.date,
      dryRun: flags.dryRun,
      allowEmpty: flags.allowEmpty,
      strictSymbols: flags.strictSymbols,
      explained: (flags.accept ?? []).map(explanationOf),
      correction,
    },
    {
      layout: context.layout,
      live: manager.live(flags.exchange),
      calendar: manager.calendarOf(flags.exchange),
      waitMs: Math.max(flags.wait, 5000),
      signal: context.signal,
      onStep: (step) => context.verbose && context.log(step),
    },
  );
  const days = result.dates.flatMap((date) => daysOf(context, date));
  const findings = result.dates.flatMap((date) => date.findings);
  const staleMonths = listStaleMonths(context.layout, result.exchange);
  return {
    status: result.status,
    fields: {
      exchange: result.exchange,
      dates: result.dates.map(({ date, status, rows }) => ({ date, status, rows })),
      days,
      findings,
      staleMonths,
    },
    lines: [
      `${result.exchange}: ${result.status}`,
      ...result.dates.map(
        ({ date, status, rows }) =>
          `  ${date} ${status}: ${Object.entries(rows)
            .map(([name, count]) => `${name} ${count}`)
            .join(', ')}`,
      ),
      ...gateLines(findings),
      ...staleMonthLines(staleMonths),
    ],
  };
}

function daysOf(context: Context, date: RolledDate): Record<string, unknown>[] {
  return date.files.map((file) => ({
    date: date.date,
    kind: file.kind,
    timeframe: file.timeframe === '' ? null : file.timeframe,
    rows: file.rows,
    sha256: file.sha256,
    path: context.layout.absolute(file.path),
    revision: file.revision,
  }));
}
