import { allOf } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

interface Counters {
  readonly next_seq: bigint;
  readonly rejected_rows: bigint;
}

/** Rows that live buffers refused. Observed: their share of all rows that came, since the buffer was made. */
export const rejected: Check = {
  name: 'rejected',
  run: async ({ databases, limits }) =>
    databases.live.flatMap((database): readonly Observation[] => {
      const [row] = allOf<Counters>(database, 'SELECT next_seq, rejected_rows FROM counters');
      if (!row) return [];
      const refused = Number(row.rejected_rows);
      const share = refused === 0 ? 0 : refused / (refused + Number(row.next_seq) - 1);
      return [
        share > limits.rejectedShare
          ? warn(
              database.name,
              share,
              limits.rejectedShare,
              'Look at the feed: the reasons stand in the log of the ingestor.',
            )
          : ok(database.name, share, limits.rejectedShare),
      ];
    }),
};
