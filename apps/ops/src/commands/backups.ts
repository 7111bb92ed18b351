import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import { listAllBackups } from '../backup/list-backups.ts';
import { readProofs } from '../backup/proofs.ts';
import { type BackupProblem, verifyBackups } from '../backup/verify-backups.ts';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import { type CommandResult, tableOf } from '../output.ts';
import { plainBackup } from './backup.ts';

/** `tb backups`: what there is. */
export function register(program: Command, execute: Execute): void {
  program
    .command('backups')
    .description('list backups with age, size and last proven restore')
    .option('--verify', 'hash every byte, and look for missing and extra files')
    .addHelpText('after', '\nExample:\n  $ tb backups --verify')
    .action((flags: { verify?: boolean }, self: Command) =>
      execute(self, (context) => run(context, flags.verify === true)),
    );
}

async function run(context: Context, isVerified: boolean): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  const backups = await listAllBackups(layout);
  const proofs = new Map((await readProofs(layout)).map((proof) => [proof.id, proof.at]));
  const problems: readonly BackupProblem[] = isVerified ? await verifyBackups(layout, backups) : [];
  const now = Date.now();
  const ageS = (takenAt: string): number => Math.round((now - Date.parse(takenAt)) / 1000);
  return {
    status: problems.length > 0 ? 'damaged' : 'ok',
    fields: {
      backups: backups.map((backup) => ({
        ...plainBackup(backup),
        ageS: ageS(backup.takenAt),
        provenAt: proofs.get(backup.id) ?? null,
      })),
      verified: isVerified,
      problems,
    },
    lines: [
      ...(backups.length === 0
        ? ['no backups']
        : tableOf(
            ['id', 'age_s', 'bytes', 'proven'],
            backups.map((backup) => [
              backup.id,
              ageS(backup.takenAt),
              backup.sizeBytes,
              proofs.get(backup.id) ?? 'never',
            ]),
          )),
      ...problems.map(({ path, problem }) => `${problem.toUpperCase()} ${path}`),
      ...(isVerified && problems.length === 0 ? ['every byte is as its manifest says'] : []),
    ],
    exit: problems.length > 0 ? EXIT.integrity : EXIT.done,
  };
}
