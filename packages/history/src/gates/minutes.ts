import { readRows } from '../duck.ts';
import {
  type Finding,
  type Gate,
  type GateContext,
  type GateSubject,
  isoOf,
  subjectOf,
} from './gate.ts';

/**
 * A hole of more minutes than this, in a series that is dense otherwise, is a loss until somebody explains it. Real days
 * have holes of 19 (A2ZINFRA, 2010-12-30).
 */
const HOLE_MINUTES = 30;

/**
 * Dense: at least this share of the expected minutes between its first and last candle, long holes aside. Thin symbols
 * have holes everywhere: NIFTYBEES has 177 to 307 candles of 375.
 */
const DENSE_SHARE = 0.9;

/** Below so many candles density says nothing. */
const DENSE_CANDLES = 30;

/** All symbols taken together. */
const MARKET = 'all symbols';

interface Hole {
  readonly from: bigint;
  readonly minutes: number;
}

/**
 * What a deleted stretch, a truncated download and a shift inside the window leave. Looked at per symbol where nobody
 * recorded coverage, else for the market as a whole: with coverage, a minute without ticks is a minute without trades.
 */
export const minutesPresent: Gate = {
  name: 'minutes_present',
  severity: 'expect',
  isExplainable: true,
  rule: `A dense series of 1m candles has no hole of more than ${HOLE_MINUTES} expected minutes, at the ends neither.`,
  check: (context) => holeFindings(context, (hole) => hole.minutes > HOLE_MINUTES),
};

/** Short holes are told: real NSE days have them (2019-05-06: 3 minutes). */
export const noShortHoles: Gate = {
  name: 'no_short_holes',
  severity: 'flag',
  rule: `A dense series of 1m candles has every expected minute.`,
  check: (context) => holeFindings(context, (hole) => hole.minutes <= HOLE_MINUTES),
};

async function holeFindings(
  context: GateContext,
  isMeant: (hole: Hole) => boolean,
): Promise<readonly Finding[]> {
  const one = context.subjects.find((subject) => subject.key.timeframe === '1m');
  if (!one) return [];
  const expected = expectedMinutes(context);
  const findings: Finding[] = [];
  for (const [symbol, present] of await readSeries(context, one, expected)) {
    const holes = holesIn(expected, present).filter(isMeant);
    const [first] = holes;
    if (!first) continue;
    const missing = holes.reduce((sum, hole) => sum + hole.minutes, 0);
    findings.push({
      subject: subjectOf(one.key),
      symbol,
      minute: isoOf(first.from),
      observed: `${missing} of ${expected.length} minutes missing in ${holes.length} holes, the first of ${first.minutes}`,
      expected: `${expected.length} minutes`,
    });
  }
  return findings;
}

/** Expected minutes, those outside coverage left out where it is known. */
function expectedMinutes(context: GateContext): readonly bigint[] {
  const all = [...context.calendar.expectedCandles(context.session.tradingDate, '1m')];
  const { coverage } = context;
  if (!coverage) return all;
  return all.filter((ts) => coverage.some((range) => range.from <= ts && ts < range.to));
}

/**
 * Whether each expected minute is there, of every series that could be dense and lacks some. Minutes are bits: lists of them
 * took more than 512 MB for 10,000 symbols.
 */
async function readSeries(
  context: GateContext,
  subject: GateSubject,
  expected: readonly bigint[],
): Promise<ReadonlyMap<string, readonly boolean[]>> {
  if (expected.length === 0) return new Map();
  const isMarket = context.coverage !== undefined;
  const last = expected.length - 1;
  const rows = await readRows(
    context.connection,
    `WITH expected AS (SELECT unnest([${expected.join(', ')}]::BIGINT[]) AS m, unnest(range(${last + 1}))::INTEGER AS i),
     series AS (
       SELECT ${isMarket ? '0' : 'sid'} AS series, bitstring_agg(i, 0, ${last}) AS minutes
       FROM ${subject.target} JOIN expected ON epoch_ns(ts) = m GROUP BY series
     )
     SELECT series, minutes::VARCHAR AS minutes FROM series
     WHERE bit_count(minutes) BETWEEN ${fewestCandles(expected)} AND ${last} ORDER BY series`,
  );
  return new Map(
    rows.map((row) => [
      isMarket ? MARKET : context.symbolOf(row['series'] as number),
      [...(row['minutes'] as string)].map((bit) => bit === '1'),
    ]),
  );
}

function fewestCandles(expected: readonly bigint[]): number {
  return Math.min(DENSE_CANDLES, Math.floor(expected.length / 2));
}

/** Holes of a dense series, in time order; none for a thin one. */
function holesIn(expected: readonly bigint[], present: readonly boolean[]): readonly Hole[] {
  const first = present.indexOf(true);
  const last = present.lastIndexOf(true);
  const count = present.filter(Boolean).length;
  const holes = runsOfMissing(present);
  const longInside = holes
    .filter((hole) => hole.minutes > HOLE_MINUTES && hole.at > first && hole.at < last)
    .reduce((sum, hole) => sum + hole.minutes, 0);
  if (count < DENSE_SHARE * (last - first + 1 - longInside)) return [];
  return holes.map((hole) => ({ from: expected[hole.at] as bigint, minutes: hole.minutes }));
}

/** Stretches of absent minutes: where each begins, and its length. */
function runsOfMissing(
  present: readonly boolean[],
): readonly { readonly at: number; readonly minutes: number }[] {
  const runs: { at: number; minutes: number }[] = [];
  let from = -1;
  for (let at = 0; at <= present.length; at++) {
    const isMissing = at < present.length && !present[at];
    if (isMissing && from < 0) from = at;
    if (isMissing || from < 0) continue;
    runs.push({ at: from, minutes: at - from });
    from = -1;
  }
  return runs;
}
