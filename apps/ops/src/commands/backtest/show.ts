import { getRun } from '@tb/backtest';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { type CommandResult, tableOf, toJson } from '../../output.ts';
import { plainRun } from './plain-run.ts';

/** `tb backtest show`: one run of the index with what it read. */
export function register(group: Command, execute: Execute): void {
  group
    .command('show')
    .description('one run: settings, metrics, and the day files that it read')
    .argument('<run>', 'run id')
    .addHelpText('after', '\nExample:\n  $ tb backtest show run_20260202_093000_1a2b3c4d')
    .action((runId: string, _flags: unknown, self: Command) =>
      execute(self, (context) => show(context, runId)),
    );
}

async function show(context: Context, runId: string): Promise<CommandResult> {
  await assertInitialised(context.layout);
  await using open = await openBacktest(context.layout);
  const run = await getRun(open.index, runId);
  const inputs = await open.index.inputsOf(runId);
  const { metrics, ...settings } = plainRun(run, context.layout);
  return {
    status: run.state,
    fields: { run: { ...settings, metrics }, inputs },
    lines: [
      ...tableOf(
        ['setting', 'value'],
        Object.entries(settings).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : toJson(value),
        ]),
      ),
      '',
      ...tableOf(
        ['metric', 'value'],
        Object.entries(run.metrics ?? {}).map(([name, value]) => [name, value ?? '-']),
      ),
      '',
      `${inputs.length} day files read${inputs.length > 0 ? `, ${inputs[0]?.tradingDate} to ${inputs[inputs.length - 1]?.tradingDate}` : ''}`,
    ],
  };
}
