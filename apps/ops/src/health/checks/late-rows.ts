import { allOf } from '../databases.ts';
import { ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** Rows that came after the freeze of their trading date: stored, not visible until a correction. Observed: rows. */
export const lateRows: Check = {
  name: 'late-rows',
  run: async ({ databases }) =>
    databases.live.flatMap((database) => {
      const dates = allOf<{ trading_date: string; n: bigint }>(
        database,
        'SELECT trading_date, sum(rows) AS n FROM late GROUP BY trading_date ORDER BY trading_date',
      );
      if (dates.length === 0) return [ok(database.name, 0, 0)];
      return dates.map(({ trading_date, n }) =>
        warn(
          `${database.name} ${trading_date}`,
          Number(n),
          0,
          'Run `tb rollover` if the date is not published yet; else import the whole date with --correct --reason.',
        ),
      );
    }),
};
