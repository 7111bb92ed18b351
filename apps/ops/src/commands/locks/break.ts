import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { breakDatabaseLock } from '../../locks/break-database-lock.ts';
import { inspectLocks } from '../../locks/inspect-locks.ts';
import type { CommandResult } from '../../output.ts';
import { plainHolder } from './inspect.ts';

interface Flags {
  readonly kill?: boolean;
  readonly foreign?: boolean;
  readonly dryRun?: boolean;
}

/** `tb locks break`: frees what is proven dead. */
export function registerBreak(locks: Command, execute: Execute): void {
  locks
    .command('break')
    .description('free the lock of a writer that is proven dead, and fence it')
    .argument('<database>', 'e.g. trading, live_buffer/nse')
    .option('--kill', 'end the recorded holder with SIGKILL first')
    .option('--foreign', 'you state that the holder on another machine is dead')
    .option('--dry-run', 'say what would be done')
    .addHelpText('after', '\nExample:\n  $ tb locks break live_buffer/nse --kill')
    .action((database: string, flags: Flags, self: Command) =>
      execute(self, (context) => run(context, database, flags)),
    );
}

async function run({ layout }: Context, name: string, flags: Flags): Promise<CommandResult> {
  if (flags.dryRun === true) return plan(await inspectLocks(layout, name), flags);
  const { outcome, epoch, holder, database, dir } = await breakDatabaseLock(layout, name, flags);
  return {
    status: outcome,
    fields: { database, dir, outcome, epoch, holder: plainHolder(holder) },
    lines: [`${database}: ${outcome}, epoch ${epoch}`],
  };
}

function plan([lock]: Awaited<ReturnType<typeof inspectLocks>>, flags: Flags): CommandResult {
  const { database, dir, verdict, holder } = lock as NonNullable<typeof lock>; // one name, one lock
  const isFreed =
    verdict === 'stale-reclaimable' ||
    (verdict === 'held-elsewhere' && flags.foreign === true) ||
    (flags.kill === true && /^(held|held-stopped|anomaly-guard-lost)$/.test(verdict));
  return {
    status: 'planned',
    fields: { database, dir, verdict, isFreed, holder: plainHolder(holder) },
    lines: [`${database}: ${verdict}; ${isFreed ? 'would be freed' : 'would stay as it is'}`],
  };
}
