import { ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';
import { findStats } from '../recorded-file.ts';

/** Size of each write-ahead log, bytes. It grows without end while a reader holds an old transaction. */
export const wal: Check = {
  name: 'wal',
  run: async ({ databases, limits }) =>
    Promise.all(
      databases.all.map(async ({ name, path }) => {
        const bytes = Number((await findStats(`${path}-wal`))?.size ?? 0n);
        return bytes > limits.walBytes
          ? warn(
              name,
              bytes,
              limits.walBytes,
              'Find the reader that keeps a transaction open, and end it.',
            )
          : ok(name, bytes, limits.walBytes);
      }),
    ),
};
