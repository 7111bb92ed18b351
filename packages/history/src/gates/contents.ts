import { readRows } from '../duck.ts';
import { findDifference } from '../profile.ts';
import { type Finding, type Gate, type GateContext, subjectOf } from './gate.ts';

/** A trading date without rows is a failed download until somebody says otherwise. */
export const notEmpty: Gate = {
  name: 'not_empty',
  severity: 'refuse',
  rule: 'The trading date has rows, unless an empty one is allowed.',
  async check(context) {
    if (context.allowEmpty) return [];
    const empty = context.subjects.filter((one) => one.targetProfile.rows === 0);
    const findings: Finding[] = empty.map((one) => ({
      subject: subjectOf(one.key),
      observed: '0 rows',
      expected: 'at least 1 row',
    }));
    if (context.subjects.length > 0) return findings;
    const { exchange, tradingDate } = context.session;
    return [{ subject: `${exchange} ${tradingDate}`, observed: 'no rows', expected: 'rows' }];
  },
};

/** Rows per symbol: says which symbol lost or gained rows. */
export const rowsEqual: Gate = {
  name: 'rows_equal',
  severity: 'refuse',
  rule: 'Each symbol has as many rows in the file as in the source.',
  async check(context) {
    return context.subjects.flatMap((one) => {
      const targets = new Map(one.targetProfile.symbols.map((symbol) => [symbol.sid, symbol.rows]));
      const sources = new Map(one.sourceProfile.symbols.map((symbol) => [symbol.sid, symbol.rows]));
      return [...new Set([...sources.keys(), ...targets.keys()])]
        .filter((sid) => sources.get(sid) !== targets.get(sid))
        .map((sid) => ({
          subject: subjectOf(one.key),
          symbol: context.symbolOf(sid),
          observed: `${targets.get(sid) ?? 0} rows in the file`,
          expected: `${sources.get(sid) ?? 0} rows`,
        }));
    });
  },
};

/** Multiset hash of every column: catches what row counts cannot. */
export const contentsEqual: Gate = {
  name: 'contents_equal',
  severity: 'refuse',
  rule: 'The multiset of rows in the file equals that of the source.',
  async check(context) {
    return context.subjects.flatMap((one) => {
      const difference = findDifference(one.sourceProfile, one.targetProfile);
      if (!difference) return [];
      return [
        {
          subject: subjectOf(one.key),
          symbol: context.symbolOf(difference.sid),
          observed: `content hash ${one.targetProfile.contentHash}`,
          expected: `content hash ${one.sourceProfile.contentHash}`,
        },
      ];
    });
  },
};

/** The file describes itself: any client reads it without the manifest, and the manifest is rebuilt from it. */
export const selfDescribed: Gate = {
  name: 'self_described',
  severity: 'refuse',
  rule: 'metadata names the file, and symbols lists every sid of the data with its rows, first and last time.',
  async check(context) {
    const findings: Finding[] = [];
    for (const one of context.subjects) {
      findings.push(...(await metadataFindings(context, one.catalog, one.key)));
      const rows = await readRows(
        context.connection,
        `SELECT sid, symbol, rows, epoch_ns(first_ts) AS first, epoch_ns(last_ts) AS last FROM ${one.catalog}.main.symbols`,
      );
      const listed = new Map(rows.map((row) => [row['sid'] as number, row]));
      for (const symbol of one.targetProfile.symbols) {
        const row = listed.get(symbol.sid);
        listed.delete(symbol.sid);
        const isRight =
          row !== undefined &&
          row['symbol'] === context.symbolOf(symbol.sid) &&
          Number(row['rows']) === symbol.rows &&
          row['first'] === symbol.minTs &&
          row['last'] === symbol.maxTs;
        if (isRight) continue;
        findings.push({
          subject: subjectOf(one.key),
          symbol: context.symbolOf(symbol.sid),
          observed: row ? `symbols says ${row['symbol']}, ${row['rows']} rows` : 'not in symbols',
          expected: `${symbol.rows} rows`,
        });
      }
      for (const [sid] of listed)
        findings.push({
          subject: subjectOf(one.key),
          symbol: context.symbolOf(sid),
          observed: 'listed in symbols',
          expected: 'rows in data',
        });
    }
    return findings;
  },
};

async function metadataFindings(
  context: GateContext,
  catalog: string,
  key: GateContext['subjects'][number]['key'],
): Promise<Finding[]> {
  const rows = await readRows(
    context.connection,
    `SELECT exchange, kind, timeframe, trading_date, revision FROM ${catalog}.main.metadata`,
  );
  const observed = rows.map((row) => Object.values(row).join(' ')).join('; ');
  const expected = [key.exchange, key.kind, key.timeframe, key.tradingDate, key.revision].join(' ');
  return observed === expected ? [] : [{ subject: subjectOf(key), observed, expected }];
}
