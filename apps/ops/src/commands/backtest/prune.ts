import { pruneRuns, selectPrunable } from '@tb/backtest';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest, recoverRuns } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import { OpsError } from '../../errors.ts';
import type { Execute } from '../../execute.ts';
import type { CommandResult } from '../../output.ts';

interface Flags {
  readonly keepRuns: number;
  readonly keepDays: number;
  readonly dryRun?: boolean;
}

const DAY_MS = 86_400_000;

/** `tb backtest prune`: old runs go. */
export function register(group: Command, execute: Execute): void {
  group
    .command('prune')
    .description('remove old runs: the last 100 or 30 days stay, whichever is more')
    .option('--keep-runs <count>', 'the newest so many stay', Number, 100)
    .option('--keep-days <days>', 'what started within so many days stays', Number, 30)
    .option('--dry-run', 'name them, remove nothing')
    .addHelpText('after', '\nExample:\n  $ tb backtest prune --dry-run')
    .action((flags: Flags, self: Command) => execute(self, (context) => prune(context, flags)));
}

async function prune(context: Context, flags: Flags): Promise<CommandResult> {
  await assertInitialised(context.layout);
  if (!(flags.keepRuns >= 0 && flags.keepDays >= 0))
    throw new OpsError('BAD_OPTION', '--keep-runs and --keep-days are numbers from 0');
  await using open = await openBacktest(context.layout);
  if (flags.dryRun !== true) await recoverRuns(context.layout, open.index, context.log);
  const runs = selectPrunable(await open.index.list(), BigInt(Date.now()) * 1_000_000n, {
    keepRuns: flags.keepRuns,
    keepMs: flags.keepDays * DAY_MS,
  });
  const removed =
    flags.dryRun === true
      ? runs.map((run) => run.runId)
      : await pruneRuns(context.layout, open.index, runs);
  const status =
    flags.dryRun === true ? 'planned' : removed.length > 0 ? 'pruned' : 'already_pruned';
  return {
    status,
    fields: { removed },
    lines: [`${status}: ${removed.length} runs`, ...removed.map((runId) => `  ${runId}`)],
  };
}
