import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import { drill } from '../backup/drill.ts';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { type CommandResult, tableOf } from '../output.ts';
import { findingLines } from './health.ts';

/** `tb drill`: can we restore? */
export function register(program: Command, execute: Execute): void {
  program
    .command('drill')
    .description(
      'restore the newest backups into a scratch root, run every check on it, and record the proof',
    )
    .addHelpText('after', '\nExample:\n  $ tb drill')
    .action((_flags: unknown, self: Command) => execute(self, run));
}

async function run(context: Context): Promise<CommandResult> {
  await assertInitialised(context.layout);
  const result = await drill({ layout: context.layout, signal: context.signal });
  return {
    status: 'proven',
    fields: { ...result },
    lines: [
      ...tableOf(
        ['database', 'backup', 'rpo_s', 'restore_ms'],
        result.databases.map((each) => [each.database, each.id, each.rpoS, each.restoreMs]),
      ),
      `restored and checked in ${(result.rtoMs / 1000).toFixed(1)} s: health ${result.health.verdict}`,
      ...findingLines(result.health.findings.filter(({ status }) => status !== 'ok')),
    ],
  };
}
