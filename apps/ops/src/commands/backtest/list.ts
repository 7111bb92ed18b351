import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import { OpsError } from '../../errors.ts';
import type { Execute } from '../../execute.ts';
import { type CommandResult, tableOf } from '../../output.ts';
import { plainRun } from './plain-run.ts';

interface Flags {
  readonly strategy?: string;
  readonly state?: string;
  readonly limit: number;
}

/** `tb backtest list`: the index, newest first. */
export function register(group: Command, execute: Execute): void {
  group
    .command('list')
    .description('the index of runs, newest first')
    .option('--strategy <id>', 'of this strategy')
    .option('--state <state>', 'running, done or failed')
    .option('--limit <count>', 'at most so many', Number, 50)
    .addHelpText('after', '\nExample:\n  $ tb backtest list --state done')
    .action((flags: Flags, self: Command) => execute(self, (context) => list(context, flags)));
}

async function list(context: Context, flags: Flags): Promise<CommandResult> {
  await assertInitialised(context.layout);
  const { state } = flags;
  if (state !== undefined && state !== 'running' && state !== 'done' && state !== 'failed')
    throw new OpsError('BAD_OPTION', `--state ${state} is not one of running, done, failed`);
  await using open = await openBacktest(context.layout);
  const runs = await open.index.list({ strategyId: flags.strategy, state, limit: flags.limit });
  return {
    status: 'ok',
    fields: { runs: runs.map((run) => plainRun(run, context.layout)) },
    lines:
      runs.length === 0
        ? ['no runs']
        : tableOf(
            ['run', 'state', 'strategy', 'timeframe', 'symbols', 'totalReturn', 'sharpe'],
            runs.map((run) => [
              run.runId,
              run.state,
              run.strategyId,
              run.timeframe,
              run.symbols.join(' '),
              run.metrics?.['totalReturn'] ?? '-',
              run.metrics?.['sharpe'] ?? '-',
            ]),
          ),
  };
}
