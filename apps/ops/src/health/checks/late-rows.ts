import { isWaiting } from '../../rollover/waiting-day.ts';
import { allOf, type OpenDatabase } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

interface DayRow {
  readonly trading_date: string;
  readonly state: 'open' | 'frozen' | 'cleared';
  readonly frozen_seq: bigint | null;
  readonly late_rows: bigint;
  readonly rows: bigint;
}

const sumOf = (table: string): string =>
  `(SELECT coalesce(sum(rows), 0) FROM ${table} t WHERE t.trading_date = d.trading_date)`;

/**
 * Rows that came after the freeze of their trading date, and rows of a date that is published from elsewhere: stored, not
 * visible until a correction. Observed: rows.
 */
export const lateRows: Check = {
  name: 'late-rows',
  run: async (context) =>
    context.databases.live.flatMap((database) => {
      const waiting = waitingOf(context, database);
      return waiting.length === 0 ? [ok(database.name, 0, 0)] : waiting;
    }),
};

function waitingOf({ manifest }: HealthContext, database: OpenDatabase): Observation[] {
  const days = allOf<DayRow>(
    database,
    `SELECT trading_date, state, frozen_seq, ${sumOf('late')} AS late_rows, ${sumOf('tail')} + ${sumOf('segments')} AS rows
     FROM days d ORDER BY trading_date`,
  );
  const exchange = database.exchange ?? '';
  return days.flatMap((row) => {
    const day = {
      tradingDate: row.trading_date,
      state: row.state,
      frozenSeq: row.frozen_seq ?? undefined,
      rows: Number(row.rows),
      lateRows: Number(row.late_rows),
    };
    const isPublished = manifest !== undefined && isWaiting(day, exchange, manifest.snapshot);
    const rows = isPublished && day.state !== 'cleared' ? day.rows + day.lateRows : day.lateRows;
    if (rows === 0) return [];
    const command = `tb rollover --exchange ${exchange}${isPublished ? ' --correct --reason TEXT' : ''}`;
    return [warn(`${database.name} ${row.trading_date}`, rows, 0, `Run \`${command}\`.`)];
  });
}
