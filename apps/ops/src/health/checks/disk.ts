import { statfs } from 'node:fs/promises';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

const HINT = 'Free space, or move the data root; `tb backups` and quarantine/ say what is large.';

/** Free space of the disk under the data root, for this user, in bytes; and free inodes where the file system counts them. */
export const disk: Check = {
  name: 'disk',
  run: async ({ layout, limits }) => {
    const system = await statfs(layout.root);
    const total = system.blocks * system.bsize;
    const free = system.bavail * system.bsize;
    const failBytes = Math.max(limits.diskFailBytes, Math.round(total * limits.diskFailShare));
    const warnBytes = Math.max(failBytes, Math.round(total * limits.diskWarnShare));
    const findings: Observation[] = [
      free < failBytes
        ? fail(layout.root, free, failBytes, HINT)
        : free < warnBytes
          ? warn(layout.root, free, warnBytes, HINT)
          : ok(layout.root, free, warnBytes),
    ];
    if (system.files > 0) {
      const least = Math.round(system.files * limits.diskFailShare);
      const subject = `${layout.root} inodes`;
      findings.push(
        system.ffree < least
          ? fail(subject, system.ffree, least, HINT)
          : ok(subject, system.ffree, least),
      );
    }
    return findings;
  },
};
