import { allOf } from '../databases.ts';
import { ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** Rows that live buffers dropped because their queue was full. Observed: rows, since the buffer was made. */
export const dropped: Check = {
  name: 'dropped',
  run: async ({ databases }) =>
    databases.live.map((database) => {
      const [row] = allOf<{ n: bigint }>(database, 'SELECT dropped_rows AS n FROM counters');
      const rows = Number(row?.n ?? 0n);
      return rows > 0
        ? warn(
            database.name,
            rows,
            0,
            'Coverage has holes over their times; get them from the feed again.',
          )
        : ok(database.name, 0, 0);
    }),
};
