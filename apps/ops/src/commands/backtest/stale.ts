import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import { findStaleRuns } from '../../backtest/stale-runs.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import type { CommandResult } from '../../output.ts';

/** `tb backtest stale`: runs that a correction made stale. */
export function register(group: Command, execute: Execute): void {
  group
    .command('stale')
    .description(
      'finished runs that would read other data today, with the days that were corrected',
    )
    .addHelpText('after', '\nExample:\n  $ tb backtest stale')
    .action((_flags: unknown, self: Command) => execute(self, stale));
}

async function stale(context: Context): Promise<CommandResult> {
  await assertInitialised(context.layout);
  await using open = await openBacktest(context.layout);
  const runs = await findStaleRuns(context.layout, open.index);
  return {
    status: 'ok',
    fields: {
      runs: runs.map(({ run, days }) => ({
        runId: run.runId,
        days: days.map(({ tradingDate, reason, read, current }) => ({
          tradingDate,
          reason,
          read: read ?? null,
          current: current ?? null,
        })),
      })),
    },
    lines:
      runs.length === 0
        ? ['no stale runs']
        : runs.flatMap(({ run, days }) => [
            `${run.runId}: ${days.length} days`,
            ...days.slice(0, 10).map((day) => `  ${day.tradingDate} ${day.reason}`),
          ]),
  };
}
