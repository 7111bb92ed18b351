import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type BuiltFile,
  canonicalRelation,
  type DayResult,
  GATES,
  type GateContext,
  type GateResult,
  type GateSubject,
  gatesPassed,
  profileOf,
  runGates,
} from '@tb/history';
import { Market } from './market.ts';

const DATE = '2026-02-02';
const SYMBOLS = 3;

/** Names of the gates that found something, in order. */
function fired(results: readonly GateResult[]): string[] {
  return [...new Set(results.filter((one) => !one.ok).map((one) => one.gate))];
}

describe('gates on a source that is wrong', () => {
  let market: Market;
  beforeAll(async () => {
    market = await Market.open();
    await market.symbols(SYMBOLS, DATE);
    await market.ticks('ticks', DATE, SYMBOLS);
    await market.minutes('minutes', DATE, SYMBOLS);
  });
  afterAll(async () => await market[Symbol.asyncDispose]());

  const candles = (sql: string): Promise<DayResult> =>
    market.build(DATE, { source: { candles: { '1m': sql } }, expectedSymbols: ['S1', 'S2', 'S3'] });
  const ticks = (sql: string): Promise<DayResult> =>
    market.build(DATE, { source: { ticks: sql }, expectedSymbols: ['S1', 'S2', 'S3'] });
  const shifted = (ns: bigint): string =>
    `SELECT * REPLACE (make_timestamp_ns(epoch_ns(ts) + ${ns}) AS ts)`;
  const halfPastFive = 19_800_000_000_000n;
  const day = 86_400_000_000_000n;

  test('the unchanged source passes all of them, as ticks and as candles', async () => {
    expect(fired((await ticks('SELECT * FROM ticks')).gates)).toEqual([]);
    expect(fired((await candles('SELECT * FROM minutes')).gates)).toEqual([]);
  });

  /** Every mutation, the gate that must fire, and whether it refuses. */
  const mutations: [string, 'ticks' | 'minutes', string, string][] = [
    ['every row deleted', 'minutes', 'SELECT * FROM minutes WHERE false', 'not_empty'],
    ['every tick deleted', 'ticks', 'SELECT * FROM ticks WHERE false', 'not_empty'],
    ['a symbol deleted', 'minutes', 'SELECT * FROM minutes WHERE sid <> 2', 'symbols_present'],
    [
      'the ticks of a symbol deleted',
      'ticks',
      'SELECT * FROM ticks WHERE sid <> 2',
      'symbols_present',
    ],
    [
      '40 minutes deleted',
      'minutes',
      'SELECT * FROM minutes WHERE NOT (i BETWEEN 100 AND 139 AND sid = 2)',
      'minutes_present',
    ],
    ['truncated at noon', 'minutes', 'SELECT * FROM minutes WHERE i < 165', 'minutes_present'],
    [
      'one symbol truncated',
      'minutes',
      'SELECT * FROM minutes WHERE i < 300 OR sid <> 3',
      'minutes_present',
    ],
    ['ticks truncated at noon', 'ticks', 'SELECT * FROM ticks WHERE seq < 2000', 'minutes_present'],
    ['shifted by 5:30', 'minutes', `${shifted(halfPastFive)} FROM minutes`, 'usual_hours'],
    ['shifted by -5:30', 'minutes', `${shifted(-halfPastFive)} FROM minutes`, 'usual_hours'],
    ['ticks shifted by 5:30', 'ticks', `${shifted(halfPastFive)} FROM ticks`, 'usual_hours'],
    ['shifted by a day', 'minutes', `${shifted(day)} FROM minutes`, 'inside_window'],
    [
      'one tick of the next day',
      'ticks',
      `${shifted(day)} FROM ticks WHERE seq = 7 UNION ALL FROM ticks`,
      'inside_window',
    ],
    [
      'a close set to zero',
      'minutes',
      'SELECT * REPLACE (if(i = 9, 0, close) AS close) FROM minutes',
      'sane_values',
    ],
    [
      'a price set to zero',
      'ticks',
      'SELECT * REPLACE (if(seq = 9, 0, price) AS price) FROM ticks',
      'sane_values',
    ],
    [
      'prices negated',
      'minutes',
      'SELECT * REPLACE (-open AS open, -low AS high, -high AS low, -close AS close) FROM minutes',
      'sane_values',
    ],
    [
      'a price negated',
      'ticks',
      'SELECT * REPLACE (if(seq = 9, -price, price) AS price) FROM ticks',
      'sane_values',
    ],
    [
      'a volume negated',
      'minutes',
      'SELECT * REPLACE (if(i = 9, -1, volume) AS volume) FROM minutes',
      'sane_values',
    ],
    [
      'high and low swapped',
      'minutes',
      'SELECT * REPLACE (low AS high, high AS low) FROM minutes',
      'sane_values',
    ],
    [
      'open above high',
      'minutes',
      'SELECT * REPLACE (if(i = 9, high + 1, open) AS open) FROM minutes',
      'sane_values',
    ],
    [
      'a price that is not a number',
      'ticks',
      "SELECT * REPLACE (if(seq = 9, 'nan'::DOUBLE, price) AS price) FROM ticks",
      'sane_values',
    ],
    [
      'an infinite ask',
      'ticks',
      "SELECT * REPLACE (if(seq = 9, 'inf'::DOUBLE, ask) AS ask) FROM ticks",
      'sane_values',
    ],
    [
      'a candle twice',
      'minutes',
      'FROM minutes UNION ALL FROM minutes WHERE i = 9 AND sid = 1',
      'strict_order',
    ],
    ['every candle twice', 'minutes', 'FROM minutes UNION ALL FROM minutes', 'strict_order'],
    ['a tick twice', 'ticks', 'FROM ticks UNION ALL FROM ticks WHERE seq = 9', 'strict_order'],
    [
      'a stretch forward-filled',
      'minutes',
      `SELECT * REPLACE (
        if(i BETWEEN 50 AND 60, flat, open) AS open, if(i BETWEEN 50 AND 60, flat, high) AS high,
        if(i BETWEEN 50 AND 60, flat, low) AS low, if(i BETWEEN 49 AND 60, flat, close) AS close,
        if(i BETWEEN 50 AND 60, 0, volume) AS volume)
      FROM (SELECT *, low AS flat0, (SELECT min(low) FROM minutes) AS flat FROM minutes)
      WHERE sid = 1`,
      'not_filled',
    ],
    [
      'two instruments under one name',
      'minutes',
      'SELECT * REPLACE (if(i > 200, 9 * open, open) AS open, if(i > 200, 9 * high, high) AS high, if(i > 200, 9 * low, low) AS low, if(i > 200, 9 * close, close) AS close) FROM minutes',
      'no_jumps',
    ],
    [
      'two minutes deleted',
      'minutes',
      'SELECT * FROM minutes WHERE NOT (i IN (100, 101) AND sid = 2)',
      'no_short_holes',
    ],
  ];
  test.each(mutations)('%s in %s', async (_name, kind, sql, gate) => {
    const result = await (kind === 'ticks' ? ticks(sql) : candles(sql));
    expect(fired(result.gates)).toContain(gate);
    const isFlag = gate.startsWith('no_');
    expect(result.ok).toBe(isFlag);
    expect(result.files.length > 0).toBe(isFlag);
  });

  test('supplied candles of a symbol that has ticks are refused', async () => {
    const result = await market.build(DATE, {
      source: {
        ticks: 'SELECT * FROM ticks',
        candles: { '1m': 'SELECT * FROM minutes WHERE sid = 1' },
      },
    });
    expect(fired(result.gates)).toEqual(
      expect.arrayContaining(['strict_order', 'minutes_from_ticks']),
    );
  });

  test('supplied 5m candles are kept, and a difference to 1m is told with symbol and minute', async () => {
    const five = `SELECT sid, make_timestamp_ns(min(epoch_ns(ts))) AS ts, arg_min(open, ts) AS open, max(high) AS high,
      min(low) AS low, arg_max(close, ts) AS close, sum(volume) + if(sid = 2 AND i // 5 = 3, 1, 0) AS volume
      FROM minutes GROUP BY sid, i // 5`;
    const result = await market.build(DATE, {
      source: { candles: { '1m': 'SELECT * FROM minutes', '5m': five } },
    });
    expect(result.ok).toBe(true);
    const told = result.gates.filter((one) => !one.ok);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      gate: 'supplied_agree',
      severity: 'flag',
      symbol: 'S2',
      minute: '2026-02-02T04:00:00Z',
    });
  });

  test('a finding names symbol and minute; an explanation of that symbol accepts it, of another does not', async () => {
    const source = { candles: { '1m': 'SELECT * FROM minutes WHERE NOT (i >= 300 AND sid = 3)' } };
    const refused = await market.build(DATE, { source });
    expect(refused.ok).toBe(false);
    expect(refused.gates.find((one) => one.gate === 'minutes_present')).toMatchObject({
      symbol: 'S3',
      minute: '2026-02-02T08:45:00Z',
    });
    const explain = (symbol: string): Promise<DayResult> =>
      market.build(DATE, {
        source,
        explained: [{ gate: 'minutes_present', symbol, reason: 'halted by the exchange' }],
      });
    expect((await explain('S2')).ok).toBe(false);
    expect((await explain('S3')).ok).toBe(true);
  });

  test('an explanation does not silence a gate that guards our own code', async () => {
    const result = await market.build(DATE, {
      source: { candles: { '1m': 'FROM minutes UNION ALL FROM minutes WHERE i = 9' } },
      explained: [{ gate: 'strict_order', reason: 'never mind' }],
    });
    expect(result.ok).toBe(false);
  });

  test('at an import expectations are told, and integrity still refuses', async () => {
    const holes = { candles: { '1m': 'SELECT * FROM minutes WHERE i < 165' } };
    const told = await market.build(DATE, { source: holes, expectations: 'flag' });
    expect(told.ok).toBe(true);
    expect(fired(told.gates)).toEqual(['minutes_present']);
    const zero = { candles: { '1m': 'SELECT * REPLACE (0 AS close) FROM minutes' } };
    expect((await market.build(DATE, { source: zero, expectations: 'flag' })).ok).toBe(false);
  });

  test('with recorded coverage a quiet symbol is no hole, a silent market is one, outside coverage nothing is', async () => {
    const { open, close } = market.session(DATE);
    const minute = 60_000_000_000n;
    const coverage = [{ source: 'feed', from: open, to: close }];
    const quiet = 'SELECT * FROM ticks WHERE NOT (sid = 3 AND seq > 600)';
    expect((await market.build(DATE, { source: { ticks: quiet }, coverage })).ok).toBe(true);
    const silent = { ticks: 'SELECT * FROM ticks WHERE NOT (seq BETWEEN 600 AND 1200)' };
    expect((await market.build(DATE, { source: silent, coverage })).ok).toBe(false);
    const away = [
      { source: 'feed', from: open, to: open + 49n * minute },
      { source: 'feed', from: open + 101n * minute, to: close },
    ];
    expect((await market.build(DATE, { source: silent, coverage: away })).ok).toBe(true);
  });

  test('an empty date is published when that is allowed', async () => {
    const result = await market.build(DATE, {
      source: { ticks: 'SELECT * FROM ticks WHERE false' },
      allowEmpty: true,
    });
    expect(fired(result.gates)).toEqual([]);
    expect(result.files.map((file) => file.rows)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('prices below zero pass when they are allowed', async () => {
    const source = { ticks: 'SELECT * REPLACE (-price AS price) FROM ticks' };
    expect((await market.build(DATE, { source, allowNonPositivePrices: true })).ok).toBe(true);
  });

  test('a dry run leaves no file', async () => {
    const result = await market.build(DATE, { source: { ticks: 'FROM ticks' }, dryRun: true });
    expect(result.ok).toBe(true);
    expect(result.rows['1m']).toBe(1125);
    expect(result.files).toEqual([]);
    expect(market.filesOnDisk()).toEqual([]);
  });
});

describe('gates on a file that is not its source', () => {
  let market: Market;
  let built: DayResult;
  beforeAll(async () => {
    market = await Market.open();
    await market.symbols(SYMBOLS, DATE);
    await market.ticks('ticks', DATE, SYMBOLS);
    built = await market.build(DATE, { source: { ticks: 'SELECT * FROM ticks' } });
  });
  afterAll(async () => await market[Symbol.asyncDispose]());

  /** Attaches a copy of every built file, one of them tampered with, and runs all gates against the true sources. */
  async function gatesAfter(timeframe: string, tamper: string): Promise<readonly GateResult[]> {
    const { connection } = market.duck;
    const attached: string[] = [];
    const attach = async (file: BuiltFile): Promise<GateSubject> => {
      const [name, truth] = [`c_${file.timeframe || 'ticks'}`, `t_${file.timeframe || 'ticks'}`];
      await connection.run(
        `ATTACH '${market.layout.absolute(file.tempPath)}' AS ${truth} (READ_ONLY)`,
      );
      await connection.run(`ATTACH ':memory:' AS ${name}`);
      attached.push(truth, name);
      await connection.run(`COPY FROM DATABASE ${truth} TO ${name}`);
      if (file.timeframe === timeframe) await connection.run(`USE ${name}; ${tamper}; USE memory`);
      const source =
        file.kind === 'ticks'
          ? canonicalRelation('ticks', 'memory.main.ticks')
          : `${truth}.main.data`;
      const target = `${name}.main.data`;
      const { exchange, kind, tradingDate, revision } = file;
      return {
        key: { exchange, kind, timeframe: file.timeframe, tradingDate, revision },
        sourceProfile: await profileOf(connection, kind, source),
        target,
        targetProfile: await profileOf(connection, kind, target),
        catalog: name,
      };
    };
    try {
      const subjects: GateSubject[] = [];
      for (const file of built.files) subjects.push(await attach(file));
      const context: GateContext = {
        connection,
        subjects,
        session: market.session(DATE),
        calendar: market.calendar,
        symbolOf: (sid) => `S${sid}`,
        expectedSymbols: ['S1', 'S2', 'S3'],
      };
      return await runGates(context);
    } finally {
      for (const name of attached) await connection.run(`DETACH ${name}`);
    }
  }

  test('untouched copies pass', async () => {
    expect(fired(await gatesAfter('', 'SELECT 1'))).toEqual([]);
  });

  const tampering: [string, string, string, string[]][] = [
    [
      'a tick deleted',
      '',
      'DELETE FROM data WHERE seq = 100',
      ['rows_equal', 'contents_equal', 'minutes_from_ticks'],
    ],
    [
      'the last ticks cut off',
      '',
      'DELETE FROM data WHERE seq > 4400',
      ['rows_equal', 'contents_equal'],
    ],
    [
      'a tick doubled',
      '',
      'INSERT INTO data SELECT * FROM data WHERE seq = 100',
      ['rows_equal', 'contents_equal', 'strict_order'],
    ],
    [
      'a tick moved by 1 ns',
      '',
      'UPDATE data SET ts = make_timestamp_ns(epoch_ns(ts) + 1) WHERE seq = 100',
      ['contents_equal'],
    ],
    [
      'a tick moved by 5:30',
      '',
      'UPDATE data SET ts = make_timestamp_ns(epoch_ns(ts) + 19800000000000) WHERE seq = 100',
      ['contents_equal', 'strict_order'],
    ],
    [
      'a price zeroed',
      '',
      'UPDATE data SET price = 0 WHERE seq = 100',
      ['contents_equal', 'sane_values'],
    ],
    [
      'a price negated',
      '',
      'UPDATE data SET price = -price WHERE seq = 100',
      ['contents_equal', 'sane_values'],
    ],
    ['a bid lost', '', 'UPDATE data SET bid = NULL WHERE seq = 100', ['contents_equal']],
    [
      'bid and ask swapped',
      '',
      'UPDATE data SET bid = ask, ask = bid WHERE bid IS NOT NULL',
      ['contents_equal'],
    ],
    [
      'two symbols swapped',
      '',
      'UPDATE data SET sid = CASE sid WHEN 1 THEN 2 ELSE 1 END WHERE sid < 3',
      ['contents_equal', 'strict_order'],
    ],
    [
      'stored in the order of time',
      '',
      'CREATE TABLE d AS FROM data ORDER BY ts, seq; DROP TABLE data; ALTER TABLE d RENAME TO data',
      ['strict_order'],
    ],
    [
      'a candle lost',
      '1m',
      'DELETE FROM data WHERE sid = 1 AND ts = (SELECT min(ts) FROM data)',
      ['rows_equal', 'minutes_from_ticks', 'wider_from_minutes'],
    ],
    [
      'open and close of a candle swapped',
      '1m',
      'UPDATE data SET open = close, close = open WHERE sid = 1 AND ts = (SELECT max(ts) FROM data)',
      ['contents_equal', 'minutes_from_ticks'],
    ],
    [
      'a candle filled in',
      '1m',
      'INSERT INTO data SELECT sid, make_timestamp_ns(epoch_ns(ts) + 60000000000), close, close, close, close, 0 FROM data WHERE ts = (SELECT max(ts) FROM data)',
      ['rows_equal', 'minutes_from_ticks'],
    ],
    [
      'the volume of an hour off by one',
      '1h',
      'UPDATE data SET volume = volume + 1 WHERE sid = 2 AND ts = (SELECT min(ts) FROM data)',
      ['contents_equal', 'wider_from_minutes'],
    ],
    [
      'a day candle of the wrong symbol',
      '1d',
      'UPDATE data SET sid = 1 WHERE sid = 2',
      ['rows_equal', 'strict_order', 'wider_from_minutes'],
    ],
    [
      'a symbol renamed',
      '15m',
      "UPDATE symbols SET symbol = 'S9' WHERE sid = 2",
      ['self_described'],
    ],
    ['a symbol missing in symbols', '5m', 'DELETE FROM symbols WHERE sid = 2', ['self_described']],
    [
      'metadata of another exchange',
      '5m',
      "UPDATE metadata SET exchange = 'bse'",
      ['self_described'],
    ],
    [
      'metadata of another date',
      '',
      "UPDATE metadata SET trading_date = '2026-02-03'",
      ['self_described'],
    ],
  ];
  test.each(tampering)('%s (%s)', async (_name, timeframe, sql, gates) => {
    const results = await gatesAfter(timeframe, sql);
    expect(fired(results)).toEqual(expect.arrayContaining(gates));
    expect(gatesPassed(results)).toBe(false);
  });

  test('every gate is fired by a mutation of this file', () => {
    const covered = new Set([
      ...tampering.flatMap(([, , , gates]) => gates),
      ...['not_empty', 'symbols_present', 'minutes_present', 'usual_hours', 'inside_window'],
      ...['not_filled', 'no_jumps', 'no_short_holes', 'supplied_agree'],
    ]);
    expect(GATES.map((gate) => gate.name).filter((name) => !covered.has(name))).toEqual([]);
  });
});
