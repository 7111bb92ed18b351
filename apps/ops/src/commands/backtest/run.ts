import { Calendars } from '@tb/manager';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest, recoverRuns } from '../../backtest/open-backtest.ts';
import { runOnce } from '../../backtest/run-once.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { type CommandResult, tableOf } from '../../output.ts';
import { addRunOptions, gapPolicy, pairsOf, type RunFlags, runConfigOf } from './run-flags.ts';

interface Flags extends RunFlags {
  readonly param?: readonly string[];
}

/** `tb backtest run`: one isolated run. */
export function register(group: Command, execute: Execute): void {
  addRunOptions(
    group
      .command('run')
      .description(
        'one isolated run: history read-only in, one run file out, one row in the index',
      ),
  )
    .option('--param <name=value...>', 'a parameter of the strategy')
    .addHelpText(
      'after',
      '\nExample:\n  $ tb backtest run moving-average-cross --exchange nse --symbols YESBANK --from 2019-01-01 --to 2020-01-01 --timeframe 15m --param fast=10 --param slow=30',
    )
    .action((strategy: string, flags: Flags, self: Command) =>
      execute(self, (context) => run(context, strategy, flags)),
    );
}

async function run(context: Context, strategy: string, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  const config = runConfigOf(flags, new Calendars(layout).of(flags.exchange));
  await using open = await openBacktest(layout);
  await recoverRuns(layout, open.index, context.log);
  const parameters = pairsOf('--param', flags.param ?? []);
  const span = Number((config.to - config.from) / 1_000_000_000n);
  const progress = context.progress('backtest', span);
  const result = await runOnce(
    layout,
    { strategy, parameters, config, onGap: gapPolicy(flags) },
    {
      signal: context.signal,
      onProgress: (ts) => progress.update(Number((ts - config.from) / 1_000_000_000n)),
    },
  );
  progress.end();
  const file = layout.absolute(result.path);
  return {
    status: 'done',
    fields: {
      runId: result.runId,
      file,
      fingerprint: result.fingerprint,
      sha256: result.sha256,
      metrics: result.metrics,
    },
    lines: [
      `${result.runId}: ${file}`,
      ...tableOf(
        ['metric', 'value'],
        Object.entries(result.metrics).map(([name, value]) => [name, value ?? '-']),
      ),
    ],
  };
}
