import { readRows } from '../duck.ts';
import type { SymbolProfile } from '../profile.ts';
import { type Finding, type Gate, isoOf, subjectOf } from './gate.ts';

const HOUR_NS = 3_600_000_000_000n;

/** More of a symbol's rows than this outside the usual hours are no late prints. */
const FOREIGN_SHARE = 0.1;

/**
 * Data of another market under a name of this one: `UNIONBANK` of 2014-06-05 in the real NSE file is AAPL, from 04:00.
 * Also a shift by a time zone that stays inside the day.
 *
 * Only where the calendar states no extended hours, which it does by a window of the whole local day; a narrower window
 * is itself the statement, and `inside_window` holds it.
 */
export const usualHours: Gate = {
  name: 'usual_hours',
  severity: 'expect',
  isExplainable: true,
  rule: 'At most a tenth of the rows of a symbol lie more than an hour outside the regular session.',
  async check(context) {
    const { open, close, windowFrom, windowTo } = context.session;
    const isWholeDay = windowTo - windowFrom >= 23n * HOUR_NS;
    const base = context.subjects[0];
    if (!isWholeDay || !base || base.key.timeframe === '1d') return [];
    const isUsual = ({ minTs, maxTs }: SymbolProfile): boolean =>
      minTs >= open - HOUR_NS && maxTs < close + HOUR_NS;
    if (base.targetProfile.symbols.every(isUsual)) return [];
    const usual = `epoch_ns(ts) >= ${open - HOUR_NS} AND epoch_ns(ts) < ${close + HOUR_NS}`;
    const rows = await readRows(
      context.connection,
      `SELECT sid, count(*) AS n, count(*) FILTER (NOT (${usual})) AS foreign_rows, epoch_ns(min(ts) FILTER (NOT (${usual}))) AS at
       FROM ${base.target} GROUP BY sid HAVING foreign_rows > ${FOREIGN_SHARE} * n ORDER BY sid`,
    );
    return rows.map(
      (row): Finding => ({
        subject: subjectOf(base.key),
        symbol: context.symbolOf(row['sid'] as number),
        minute: isoOf(row['at'] as bigint),
        observed: `${row['foreign_rows']} of ${row['n']} rows`,
        expected: `rows in [${isoOf(open - HOUR_NS)}, ${isoOf(close + HOUR_NS)})`,
      }),
    );
  },
};
