import { statfs } from 'node:fs/promises';
import { fail, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

const HINT = 'Free space, or move the data root; `tb backups` and quarantine/ say what is large.';

/** Free space of the disk under the data root, for this user. Observed: bytes. */
export const disk: Check = {
  name: 'disk',
  run: async ({ layout, limits }) => {
    const system = await statfs(layout.root);
    const total = system.blocks * system.bsize;
    const free = system.bavail * system.bsize;
    const failBytes = Math.max(limits.diskFailBytes, Math.round(total * limits.diskFailShare));
    const warnBytes = Math.max(failBytes, Math.round(total * limits.diskWarnShare));
    if (free < failBytes) return [fail(layout.root, free, failBytes, HINT)];
    if (free < warnBytes) return [warn(layout.root, free, warnBytes, HINT)];
    return [ok(layout.root, free, warnBytes)];
  },
};
