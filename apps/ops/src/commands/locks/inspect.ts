import type { WriterRecord } from '@tb/locks';
import type { Command } from 'commander';
import type { Execute } from '../../execute.ts';
import { EXIT } from '../../exit-codes.ts';
import { type InspectedLock, inspectLocks } from '../../locks/inspect-locks.ts';
import { type CommandResult, tableOf } from '../../output.ts';

/** `tb locks inspect`, and `tb locks` alone. */
export function registerInspect(locks: Command, execute: Execute): void {
  locks
    .command('inspect', { isDefault: true })
    .description('who holds what, since when, alive or not; takes no lock')
    .argument('[database]', 'one of them; default all')
    .addHelpText('after', '\nExample:\n  $ tb locks inspect trading')
    .action((database: string | undefined, _flags: unknown, self: Command) =>
      execute(self, async ({ layout }) => resultOf(await inspectLocks(layout, database))),
    );
}

function resultOf(locks: readonly InspectedLock[]): CommandResult {
  const isFailed = locks.some(({ level }) => level === 'fail');
  const isWarned = locks.some(({ level }) => level === 'warn');
  return {
    status: isFailed ? 'fail' : isWarned ? 'warn' : 'ok',
    fields: { locks: locks.map((lock) => ({ ...lock, holder: plainHolder(lock.holder) })) },
    lines: tableOf(
      ['database', 'verdict', 'pid', 'purpose', 'epoch', 'since', 'heartbeat_ms'],
      locks.map(({ database, verdict, holder, heartbeatAgeMs }) => [
        database,
        verdict,
        holder?.pid ?? '-',
        holder?.purpose ?? '-',
        holder?.epoch ?? '-',
        holder?.acquiredAt ?? '-',
        heartbeatAgeMs === null ? '-' : Math.round(heartbeatAgeMs),
      ]),
    ),
    exit: isFailed ? EXIT.integrity : EXIT.done,
  };
}

/** Without the token: who knows it could pass for the holder. */
export function plainHolder(holder: WriterRecord | null): Record<string, unknown> | null {
  if (!holder) return null;
  const { token: _token, ...plain } = holder;
  return plain;
}
