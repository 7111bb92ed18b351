import { allOf } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

interface Counters {
  readonly next_seq: bigint;
  readonly rejected_rows: bigint;
  readonly dropped_rows: bigint;
}

/** Rows that live buffers refused (observed: their share of all), and rows dropped because the queue was full (a count). */
export const rejected: Check = {
  name: 'rejected',
  run: async ({ databases, limits }) =>
    databases.live.flatMap((database): readonly Observation[] => {
      const [row] = allOf<Counters>(
        database,
        'SELECT next_seq, rejected_rows, dropped_rows FROM counters',
      );
      if (!row) return [];
      const refused = Number(row.rejected_rows);
      const share = refused === 0 ? 0 : refused / (refused + Number(row.next_seq) - 1);
      const dropped = Number(row.dropped_rows);
      const name = `${database.name} dropped`;
      return [
        share > limits.rejectedShare
          ? warn(
              database.name,
              share,
              limits.rejectedShare,
              'Look at the feed: the reasons stand in the log of the ingestor.',
            )
          : ok(database.name, share, limits.rejectedShare),
        dropped > 0
          ? warn(
              name,
              dropped,
              0,
              'Coverage has holes over their times; get them from the feed again.',
            )
          : ok(name, 0, 0),
      ];
    }),
};
