import { rederiveCandlesSql } from '../derive.ts';
import { type DerivePlan, planDerivation } from '../derive-slices.ts';
import { readRows } from '../duck.ts';
import {
  type Finding,
  type Gate,
  type GateContext,
  type GateSubject,
  isoOf,
  subjectOf,
} from './gate.ts';

const CANDLE = 'sid, ts, open, high, low, close, volume';

/** Candles and ticks of one date must tell the same story. */
export const minutesFromTicks: Gate = {
  name: 'minutes_from_ticks',
  severity: 'refuse',
  rule: 'For symbols with ticks, 1m candles equal a second derivation from the ticks of the built file.',
  async check(context) {
    const ticks = context.subjects.find((one) => one.key.kind === 'ticks');
    const minutes = context.subjects.find((one) => one.key.timeframe === '1m');
    if (!ticks || !minutes) return [];
    const { session } = context;
    const { hasFractions, conditions } = await planOf(context, ticks);
    for (const condition of conditions) {
      const from = `${ticks.target} WHERE ${condition}`;
      const request = { from, kind: 'ticks', timeframe: '1m', session, hasFractions } as const;
      const held = `SELECT ${CANDLE} FROM ${minutes.target}
        WHERE ${condition} AND sid IN (SELECT sid FROM ${ticks.catalog}.main.symbols)`;
      const pair = { subject: minutes, expected: rederiveCandlesSql(request), held };
      const [finding] = await differences(context, [pair]);
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
  const compared = context.subjects.flatMap((subject) => {
    const { timeframe } = subject.key;
    const condition = conditionOf(subject, minutes);
    if (timeframe === '' || timeframe === '1m' || condition === undefined) return [];
    return [{ subject, timeframe, condition }];
  });
  if (compared.length === 0) return [];
  const { session } = context;
  const { hasFractions, conditions } = await planOf(context, minutes);
  const findings: Finding[] = [];
  for (const slice of conditions) {
    const pairs = compared.map(({ subject, timeframe, condition }): Pair => {
      const where = `${slice} AND ${condition}`;
      const from = `${minutes.target} WHERE ${where}`;
      const request = { from, kind: 'candles', timeframe, session, hasFractions } as const;
      const held = `SELECT ${CANDLE} FROM ${subject.target} WHERE ${where}`;
      return { subject, expected: rederiveCandlesSql(request), held };
    });
    findings.push(...(await differences(context, pairs)));
  }
  return findings;
}

async function planOf(context: GateContext, subject: GateSubject): Promise<DerivePlan> {
  if (subject.plan) return await subject.plan();
  const { key, target, targetProfile } = subject;
  const source = { kind: key.kind, table: target, profile: targetProfile };
  return await planDerivation(context.connection, { ...source, originNs: context.session.open });
}

/** Two SELECTs of candles that should be equal. */
interface Pair {
  readonly subject: GateSubject;
  readonly expected: string;
  readonly held: string;
}

/** Compares pairs as multisets, all in one statement, and looks closer at those that differ. */
async function differences(context: GateContext, pairs: readonly Pair[]): Promise<Finding[]> {
  if (pairs.length === 0) return [];
  const sums = pairs.flatMap(({ expected, held }, index) =>
    [expected, held].map(
      (side) =>
        `SELECT ${index} AS pair, count(*) AS n, sum(hash(sid, ts, open, high, low, close, volume)) AS h FROM (${side}) AS rows`,
    ),
  );
  const rows = await readRows(
    context.connection,
    `SELECT pair FROM (${sums.join(' UNION ALL ')}) GROUP BY pair HAVING count(DISTINCT (n, h)) > 1 ORDER BY pair`,
  );
  const findings: Finding[] = [];
  for (const row of rows) {
    const finding = await firstDifference(context, pairs[row['pair'] as number] as Pair);
    findings.push(finding);
  }
  return findings;
}

/** The first candle that differs. */
async function firstDifference(context: GateContext, pair: Pair): Promise<Finding> {
  const { subject, expected, held } = pair;
  const rows = await readRows(
    context.connection,
    `WITH again AS (${expected}), held AS (${held}),
     lost AS (SELECT * FROM again EXCEPT ALL SELECT * FROM held), extra AS (SELECT * FROM held EXCEPT ALL SELECT * FROM again)
     SELECT side, sid, epoch_ns(ts) AS at_ns, open, high, low, close, volume, (SELECT count(*) FROM lost) AS lost, (SELECT count(*) FROM extra) AS extra
     FROM (SELECT 'expected' AS side, * FROM lost UNION ALL SELECT 'observed' AS side, * FROM extra) AS sides
     ORDER BY sid, at_ns, side DESC LIMIT 2`,
  );
  const first = rows[0] as Record<string, unknown>; // the hashes differ, so a row does
  const isSameCandle = (row: Record<string, unknown>): boolean =>
    row['sid'] === first['sid'] && row['at_ns'] === first['at_ns'];
  const observed = rows.find((row) => row['side'] === 'observed' && isSameCandle(row));
  const wanted = rows.find((row) => row['side'] === 'expected' && isSameCandle(row));
  return {
    subject: subjectOf(subject.key),
    symbol: context.symbolOf(first['sid'] as number),
    minute: isoOf(first['at_ns'] as bigint),
    observed: `${observed ? candleText(observed) : 'no candle'}; ${first['extra']} candles differ`,
    expected: wanted ? candleText(wanted) : 'no candle',
  };
}

function candleText(row: Record<string, unknown>): string {
  return ['open', 'high', 'low', 'close', 'volume'].map((name) => `${name} ${row[name]}`).join(' ');
}
