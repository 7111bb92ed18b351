import { Calendars } from '@tb/manager';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { sweep } from '../../backtest/sweep.ts';
import type { Context } from '../../context.ts';
import { OpsError } from '../../errors.ts';
import type { Execute } from '../../execute.ts';
import { type CommandResult, tableOf } from '../../output.ts';
import { plainRun } from './plain-run.ts';
import { addRunOptions, gapPolicy, pairsOf, type RunFlags, runConfigOf } from './run-flags.ts';

interface Flags extends RunFlags {
  readonly grid: readonly string[];
  readonly jobs: number;
}

/** `tb backtest sweep`: every combination of a grid. */
export function register(group: Command, execute: Execute): void {
  addRunOptions(
    group
      .command('sweep')
      .description(
        'many runs in child processes, one result for each parameter set; goes on where it stopped',
      ),
  )
    .requiredOption('--grid <name=values...>', 'values of a parameter, e.g. fast=5,10,20')
    .option('--jobs <count>', 'processes at a time', Number, 2)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb backtest sweep moving-average-cross --exchange nse --symbols YESBANK --from 2019-01-01 --to 2020-01-01 --timeframe 15m --grid fast=5,10 slow=20,50 --jobs 2',
    )
    .action((strategy: string, flags: Flags, self: Command) =>
      execute(self, (context) => run(context, strategy, flags)),
    );
}

async function run(context: Context, strategy: string, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  if (!Number.isSafeInteger(flags.jobs) || flags.jobs < 1)
    throw new OpsError('BAD_OPTION', '--jobs is a whole number above 0');
  const grid = Object.fromEntries(
    Object.entries(pairsOf('--grid', flags.grid)).map(([name, values]) => [
      name,
      values.split(',').filter((value) => value !== ''),
    ]),
  );
  const config = runConfigOf(flags, new Calendars(layout).of(flags.exchange));
  const progress = context.progress('sweep');
  const result = await sweep(
    { strategy, grid, config, onGap: gapPolicy(flags), jobs: flags.jobs },
    { layout, signal: context.signal, log: context.log, onDone: (done) => progress.update(done) },
  );
  progress.end();
  const names = Object.keys(grid);
  return {
    status: result.status,
    fields: {
      sweepId: result.sweepId,
      runs: result.runs.map((each) => plainRun(each, layout)),
      refused: result.refused,
    },
    lines: [
      `${result.sweepId}: ${result.status}, ${result.runs.length} runs`,
      ...tableOf(
        ['run', ...names, 'totalReturn', 'sharpe', 'maxDrawdown'],
        result.runs.map((each) => [
          each.runId,
          ...names.map((name) => String(each.parameters[name])),
          ...['totalReturn', 'sharpe', 'maxDrawdown'].map((name) => each.metrics?.[name] ?? '-'),
        ]),
      ),
      ...result.refused.map(
        ({ parameters, reason }) => `refused ${JSON.stringify(parameters)}: ${reason}`,
      ),
    ],
  };
}
