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
    if (context.subjects.length === 0) return [];
    return [...(await metadataFindings(context)), ...(await symbolFindings(context))];
  },
};

/** The same columns of a table of every file, with the index of the file. */
function unionOf(context: GateContext, table: string, columns: string): string {
  return context.subjects
    .map((one, index) => `SELECT ${index} AS file, ${columns} FROM ${one.catalog}.main.${table}`)
    .join(' UNION ALL ');
}

async function metadataFindings(context: GateContext): Promise<Finding[]> {
  const columns = "concat_ws(' ', exchange, kind, timeframe, trading_date, revision) AS told";
  const rows = await readRows(context.connection, unionOf(context, 'metadata', columns));
  return context.subjects.flatMap(({ key }, index) => {
    const told = rows.filter((row) => row['file'] === index).map((row) => String(row['told']));
    const observed = told.join('; ');
    const expected = [key.exchange, key.kind, key.timeframe, key.tradingDate, key.revision].join(
      ' ',
    );
    return observed === expected ? [] : [{ subject: subjectOf(key), observed, expected }];
  });
}

async function symbolFindings(context: GateContext): Promise<Finding[]> {
  const columns = 'sid, symbol, rows, epoch_ns(first_ts) AS first, epoch_ns(last_ts) AS last';
  const rows = await readRows(context.connection, unionOf(context, 'symbols', columns));
  return context.subjects.flatMap((one, index) => {
    const listed = new Map(
      rows.filter((row) => row['file'] === index).map((row) => [row['sid'] as number, row]),
    );
    const sids = new Set([
      ...listed.keys(),
      ...one.targetProfile.symbols.map((symbol) => symbol.sid),
    ]);
    const held = new Map(one.targetProfile.symbols.map((symbol) => [symbol.sid, symbol]));
    const textOf = (rows: unknown, first: unknown, last: unknown, symbol: unknown): string =>
      `${symbol}: ${rows} rows, ${first} to ${last}`;
    return [...sids].flatMap((sid): Finding[] => {
      const row = listed.get(sid);
      const data = held.get(sid);
      const symbol = context.symbolOf(sid);
      const observed = row
        ? textOf(row['rows'], row['first'], row['last'], row['symbol'])
        : 'not in symbols';
      const expected = data ? textOf(data.rows, data.minTs, data.maxTs, symbol) : 'not in symbols';
      if (observed === expected) return [];
      return [{ subject: subjectOf(one.key), symbol, observed, expected }];
    });
  });
}
