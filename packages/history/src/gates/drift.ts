import { readRows } from '../duck.ts';
import { type Finding, type Gate, type GateContext, isoOf, subjectOf } from './gate.ts';

/** A step of this size between two candles of one session is rare; a split, or two instruments under one name, makes it. */
const JUMP = 0.2;

/** Flat candles without volume in a row that a filler leaves behind. */
const FILLED_RUN = 3;

/** Told, not refused: AAPL's first candle after its 7:1 split of 2014-06-09 spans both scales. */
export const noJumps: Gate = {
  name: 'no_jumps',
  severity: 'flag',
  rule: 'No 1m candle moves by more than 20 % against the close before it, and none spans more.',
  async check(context) {
    const one = context.subjects.find((subject) => subject.key.timeframe === '1m');
    if (!one) return [];
    const rows = await readRows(
      context.connection,
      // lag() OVER () streams in stored order, which `strict_order` holds: no sort.
      `SELECT sid, count(*) AS n, epoch_ns(min(ts)) AS at, arg_min(size, ts) AS size FROM (
         SELECT sid, ts, greatest(abs(close / CASE WHEN lag(sid) OVER () = sid THEN lag(close) OVER () END - 1), high / low - 1) AS size
         FROM ${one.target} WHERE low > 0
       ) WHERE size > ${JUMP} GROUP BY sid ORDER BY sid`,
    );
    return rows.map((row) => ({
      subject: subjectOf(one.key),
      symbol: context.symbolOf(row['sid'] as number),
      minute: isoOf(row['at'] as bigint),
      observed: `${row['n']} jumps, the first of ${(100 * (row['size'] as number)).toFixed(1)} %`,
      expected: `at most ${100 * JUMP} %`,
    }));
  },
};

/**
 * Filled candles are made up: silent filling made 786 % phantom profit (freqtrade/freqtrade#7407). A run of flat candles
 * with no volume at the close before, in a symbol that trades with volume that day, is one.
 */
export const notFilled: Gate = {
  name: 'not_filled',
  severity: 'expect',
  isExplainable: true,
  rule: 'Candles of a symbol with volume are not a run of flat ones without volume at the last close.',
  async check(context) {
    const findings: Finding[] = [];
    for (const one of context.subjects) {
      if (one.key.timeframe !== '1m' || one.supplied === undefined) continue;
      const supplied = `(SELECT * FROM ${one.target} WHERE sid IN (SELECT sid FROM ${one.supplied}))`;
      findings.push(...(await filledRuns(context, supplied, subjectOf(one.key))));
    }
    return findings;
  },
};

async function filledRuns(
  context: GateContext,
  supplied: string,
  subject: string,
): Promise<Finding[]> {
  const rows = await readRows(
    context.connection,
    `WITH candles AS (
       SELECT sid, ts, volume, row_number() OVER symbol AS i,
         coalesce(volume = 0 AND open = high AND high = low AND low = close AND close = lag(close) OVER symbol, false) AS flat
       FROM ${supplied} WHERE sid IN (SELECT sid FROM ${supplied} GROUP BY sid HAVING max(volume) > 0)
       WINDOW symbol AS (PARTITION BY sid ORDER BY ts)
     ), runs AS (
       SELECT sid, count(*) AS n, min(ts) AS ts FROM (
         SELECT sid, ts, i - row_number() OVER (PARTITION BY sid ORDER BY ts) AS run FROM candles WHERE flat
       ) GROUP BY sid, run HAVING count(*) >= ${FILLED_RUN}
     )
     SELECT sid, max(n) AS longest, sum(n) AS n, epoch_ns(min(ts)) AS at FROM runs GROUP BY sid ORDER BY sid`,
  );
  return rows.map((row) => ({
    subject,
    symbol: context.symbolOf(row['sid'] as number),
    minute: isoOf(row['at'] as bigint),
    observed: `${row['n']} flat candles without volume, ${row['longest']} in a row`,
    expected: `fewer than ${FILLED_RUN} in a row`,
  }));
}
