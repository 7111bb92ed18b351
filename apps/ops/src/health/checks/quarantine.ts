import { readdir } from 'node:fs/promises';
import { ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** Files that could not be trusted, waiting for somebody to look. Observed: their number. */
export const quarantine: Check = {
  name: 'quarantine',
  run: async ({ layout }) => {
    const entries = await readdir(layout.quarantine, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).length;
    return files === 0
      ? [ok('quarantine', 0, 0)]
      : [
          warn(
            'quarantine',
            files,
            0,
            'Look at them: each has its reason beside it. Then remove or import them.',
          ),
        ];
  },
};
