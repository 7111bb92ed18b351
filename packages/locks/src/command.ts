import { spawnSync } from 'node:child_process';

/** Standard output of a system command, or null when it cannot be run; `status` tells a missing process from a failure. */
export type Command = (
  program: string,
  args: readonly string[],
) => { readonly status: number; readonly stdout: string } | null;

/** Untranslated and in UTC, so that the text can be compared with what another process recorded. */
export const runCommand: Command = (program, args) => {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 20_000,
    windowsHide: true,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  if (result.error !== undefined || result.status === null) return null;
  return { status: result.status, stdout: result.stdout };
};
