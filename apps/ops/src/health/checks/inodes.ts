import { statfs } from 'node:fs/promises';
import { fail, ok } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** Free inodes of the disk under the data root, where the file system counts them: without one no file can be made. */
export const inodes: Check = {
  name: 'inodes',
  run: async ({ layout, limits }) => {
    const { files, ffree } = await statfs(layout.root);
    if (files === 0) return [];
    const least = Math.round(files * limits.diskFailShare);
    return [
      ffree < least
        ? fail(layout.root, ffree, least, 'Remove small files, or move the data root.')
        : ok(layout.root, ffree, least),
    ];
  },
};
