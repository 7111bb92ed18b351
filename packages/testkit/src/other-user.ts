import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** uid and gid of an ordinary user that no file of ours belongs to. */
export const OTHER_USER = 65534;

/**
 * Whether tests can act as another user: Linux, we are root, and that user can read this checkout (a clone below a folder of
 * mode 0700 is closed to it). Where it is false such tests are skipped, visibly.
 */
export function canActAsOther(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const script = 'require("node:fs").readFileSync(process.argv[1])';
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  const run = spawnSync(process.execPath, ['-e', script, file], {
    uid: OTHER_USER,
    gid: OTHER_USER,
    cwd: '/',
  });
  return run.status === 0;
}
