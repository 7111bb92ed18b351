import { checkManifest } from '@tb/history';
import { fail, ok } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** The chain of corrections: each record hashes to the one before, and files refer to none that is missing. */
export const corrections: Check = {
  name: 'corrections',
  run: async ({ layout, manifest }) => {
    if (!manifest) return [];
    const broken = (await checkManifest(layout, manifest.snapshot)).filter(
      ({ code }) => code === 'CORRECTION_CHAIN_BROKEN',
    );
    if (broken.length === 0) return [ok('manifest', manifest.snapshot.corrections.length)];
    return broken.map(({ path, message }) =>
      fail(path, message, 'unbroken', 'Compare the manifest with its backups.'),
    );
  },
};
