import { rederiveCandlesSql } from '../derive.ts';
import { readRow, readRows } from '../duck.ts';
import { sliceCondition, slicesOf } from '../slices.ts';
import {
  type Finding,
  type Gate,
  type GateContext,
  type GateSubject,
  isoOf,
  subjectOf,
} from './gate.ts';

/** Candles and ticks of one date must tell the same story. */
export const minutesFromTicks: Gate = {
  name: 'minutes_from_ticks',
  severity: 'refuse',
  rule: 'For symbols with ticks, 1m candles equal a second derivation from the ticks of the built file.',
  async check(context) {
    const ticks = context.subjects.find((one) => one.key.kind === 'ticks');
    const minutes = context.subjects.find((one) => one.key.timeframe === '1m');
    if (!ticks || !minutes) return [];
    // By slices: the ordered aggregates of 10 M ticks at once would not fit into 512 MB.
    const { session } = context;
    const slices = await slicesOf(
      context.connection,
      ticks.target,
      ticks.targetProfile,
      session.open,
    );
    for (const slice of slices) {
      const where = sliceCondition(slice);
      const again = rederiveCandlesSql({
        from: `(SELECT * FROM ${ticks.target} WHERE ${where}) AS ticks`,
        kind: 'ticks',
        timeframe: '1m',
        session,
      });
      const held = `SELECT sid, ts, open, high, low, close, volume FROM ${minutes.target}
        WHERE ${where} AND sid IN (SELECT sid FROM ${ticks.catalog}.main.symbols)`;
      const finding = await firstDifference(context, minutes, again, held);
      if (finding) return [finding];
    }
    return [];
  },
};

/** 5m to 1d that were derived. */
export const widerFromMinutes: Gate = {
  name: 'wider_from_minutes',
  severity: 'refuse',
  rule: 'Derived 5m, 15m, 1h and 1d candles equal a second derivation from the 1m candles of the built file.',
  check: (context) =>
    compareWider(context, (one) => `sid NOT IN (SELECT sid FROM ${one.supplied ?? NOBODY})`),
};

/** Supplied 5m to 1d are kept; a difference is told, not refused: vendors drop trades by condition. */
export const suppliedAgree: Gate = {
  name: 'supplied_agree',
  severity: 'flag',
  rule: 'Supplied 5m, 15m, 1h and 1d candles equal those derived from the 1m candles of the same symbols.',
  check: (context) =>
    compareWider(context, (one, minutes) =>
      one.supplied === undefined
        ? undefined
        : `sid IN (SELECT sid FROM ${one.supplied}) AND sid IN (SELECT sid FROM ${minutes.catalog}.main.symbols)`,
    ),
};

const NOBODY = '(SELECT NULL::INTEGER AS sid WHERE false)';

/** Compares 5m to 1d with the 1m candles, for the symbols that a condition selects. */
async function compareWider(
  context: GateContext,
  conditionOf: (subject: GateSubject, minutes: GateSubject) => string | undefined,
): Promise<readonly Finding[]> {
  const minutes = context.subjects.find((one) => one.key.timeframe === '1m');
  if (!minutes) return [];
  const findings: Finding[] = [];
  for (const one of context.subjects) {
    const { timeframe } = one.key;
    const condition = conditionOf(one, minutes);
    if (timeframe === '' || timeframe === '1m' || condition === undefined) continue;
    const again = rederiveCandlesSql({
      from: `(SELECT * FROM ${minutes.target} WHERE ${condition}) AS minutes`,
      kind: 'candles',
      timeframe,
      session: context.session,
    });
    const held = `SELECT sid, ts, open, high, low, close, volume FROM ${one.target} WHERE ${condition}`;
    const finding = await firstDifference(context, one, again, held);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** Compares two SELECTs as multisets; on a difference names the first candle. */
async function firstDifference(
  context: GateContext,
  subject: GateSubject,
  expected: string,
  held: string,
): Promise<Finding | undefined> {
  const { connection } = context;
  const hash = 'sum(hash(sid, ts, open, high, low, close, volume))';
  const [a, b] = [
    await readRow(connection, `SELECT count(*) AS n, ${hash} AS h FROM (${expected}) AS rows`),
    await readRow(connection, `SELECT count(*) AS n, ${hash} AS h FROM (${held}) AS rows`),
  ];
  if (a['n'] === b['n'] && a['h'] === b['h']) return undefined;
  const rows = await readRows(
    connection,
    `WITH again AS (${expected}), held AS (${held}),
     lost AS (SELECT * FROM again EXCEPT ALL SELECT * FROM held), extra AS (SELECT * FROM held EXCEPT ALL SELECT * FROM again)
     SELECT side, sid, epoch_ns(ts) AS at, open, high, low, close, volume, (SELECT count(*) FROM lost) AS lost, (SELECT count(*) FROM extra) AS extra
     FROM (SELECT 'expected' AS side, * FROM lost UNION ALL SELECT 'observed' AS side, * FROM extra) AS both
     ORDER BY sid, at, side DESC LIMIT 2`,
  );
  const [first] = rows;
  if (!first) return undefined;
  const isSameCandle = (row: Record<string, unknown>): boolean =>
    row['sid'] === first['sid'] && row['at'] === first['at'];
  const observed = rows.find((row) => row['side'] === 'observed' && isSameCandle(row));
  const wanted = rows.find((row) => row['side'] === 'expected' && isSameCandle(row));
  return {
    subject: subjectOf(subject.key),
    symbol: context.symbolOf(first['sid'] as number),
    minute: isoOf(first['at'] as bigint),
    observed: `${observed ? candleText(observed) : 'no candle'}; ${first['extra']} candles differ`,
    expected: wanted ? candleText(wanted) : 'no candle',
  };
}

function candleText(row: Record<string, unknown>): string {
  return ['open', 'high', 'low', 'close', 'volume'].map((name) => `${name} ${row[name]}`).join(' ');
}
