import { compareRuns, getRun } from '@tb/backtest';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { type CommandResult, tableOf } from '../../output.ts';

/** `tb backtest compare`: runs side by side. */
export function register(group: Command, execute: Execute): void {
  group
    .command('compare')
    .description('several runs side by side: what differs in settings, and their metrics')
    .argument('<runs...>', 'run ids')
    .addHelpText(
      'after',
      '\nExample:\n  $ tb backtest compare run_20260202_093000_1a2b3c4d run_20260202_093100_5e6f7a8b',
    )
    .action((runIds: string[], _flags: unknown, self: Command) =>
      execute(self, (context) => compare(context, runIds)),
    );
}

async function compare(context: Context, runIds: readonly string[]): Promise<CommandResult> {
  await assertInitialised(context.layout);
  await using open = await openBacktest(context.layout);
  const runs = [];
  for (const runId of runIds) runs.push(await getRun(open.index, runId));
  const comparison = compareRuns(runs);
  const shown = (value: string | number | boolean | null | undefined): string =>
    value === undefined || value === null ? '-' : String(value);
  const rows = [...comparison.settings.filter((row) => row.differs), ...comparison.metrics];
  return {
    status: 'ok',
    fields: { ...comparison },
    lines: tableOf(
      ['', ...comparison.runIds],
      rows.map((row) => [row.name, ...row.values.map(shown)]),
    ),
  };
}
