import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { layoutOf } from '@tb/schema';
import { type TempRoot, tempRoot } from '@tb/testkit';
import { checkHealth } from '../src/health/check-health.ts';
import { refreshMonths } from '../src/history/refresh-months.ts';
import { listStaleMonths } from '../src/history/stale-months.ts';
import { bagOf, candlesOf, MarketRoot, type Row, writeTicksCsv } from './market-root.ts';
import { tb } from './tb.ts';

const KILLER = fileURLToPath(new URL('./children/rollover-killed.mjs', import.meta.url));
/** Of a loaded machine; alone each takes a few seconds. */
const TIMEOUT_MS = 240_000;
const DATE = '2025-02-03';
const OPEN_MS = Date.parse(`${DATE}T03:45:00Z`);
const WHY = 'the feed caught up';
const CORRECT = { correction: { why: WHY, who: 'test' } };

/** Ticks that differ from each other, every `stepMs` from an offset into the session. */
function rowsOf(symbol: string, count: number, fromMs: number, stepMs: number, price = 100): Row[] {
  return Array.from({ length: count }, (_value, at) => ({
    symbol,
    ms: OPEN_MS + fromMs + at * stepMs,
    price: price + ((at * 7) % 13) / 4,
    volume: 1 + at,
  }));
}

const DAY = [...rowsOf('AAA', 200, 0, 20_000), ...rowsOf('BBB', 100, 1000, 40_000, 50)];
/** Late ones of AAA, within its minutes and between them, and of a symbol that the day did not have. */
const LATE = [...rowsOf('AAA', 25, 500, 61_000, 90), ...rowsOf('NEW', 10, 5_000_000, 30_000, 7)];

async function expectCandles(root: MarketRoot, rows: readonly Row[]): Promise<void> {
  for (const [timeframe, minutes] of [
    ['1m', 1],
    ['15m', 15],
    ['1h', 60],
  ] as const)
    expect(await root.candles(DATE, timeframe)).toEqual(candlesOf(rows, OPEN_MS, minutes * 60_000));
}

/** A root whose live buffer holds late rows of a date that was rolled over. */
async function lateRoot(root: TempRoot): Promise<MarketRoot> {
  const market = await MarketRoot.create(root.at('data'));
  await market.append(DAY);
  await market.rollover();
  expect(await market.append(LATE)).toBe(LATE.length);
  return market;
}

/** What the check `late-rows` observed, and whether anything failed. */
async function healthOf(market: MarketRoot): Promise<{ late: unknown[]; failed: unknown[] }> {
  const { findings } = await checkHealth(layoutOf(market.path), { full: true });
  return {
    late: findings.filter((one) => one.check === 'late-rows').map(({ observed }) => observed),
    failed: findings.filter(({ status }) => status === 'fail'),
  };
}

describe('rows of the live buffer that come after their date was published', () => {
  test(
    'they wait, told by rollover and health, until a correction adds them with a reason; as-of answers the old state; a rerun does nothing',
    async () => {
      using root = tempRoot('late');
      const market = await lateRoot(root);
      expect(await market.ticks(DATE)).toBe(bagOf(DAY));
      expect(await market.rollover()).toMatchObject({
        status: 'nothing_to_do',
        dates: [{ date: DATE, status: 'waiting', rows: { late: LATE.length } }],
      });
      expect(await healthOf(market)).toEqual({ late: [LATE.length], failed: [] });
      expect(await market.rollover({ ...CORRECT, dryRun: true })).toMatchObject({
        status: 'planned',
      });
      expect(market.record(DATE).revisions).toEqual([1]);
      const before = BigInt(Date.now()) * 1_000_000n;
      expect(await market.rollover(CORRECT)).toMatchObject({
        status: 'corrected',
        dates: [{ date: DATE, status: 'corrected', rows: { ticks: DAY.length + LATE.length } }],
      });
      expect(await market.ticks(DATE)).toBe(bagOf([...DAY, ...LATE]));
      await expectCandles(market, [...DAY, ...LATE]);
      expect(await market.ticks(DATE, before)).toBe(bagOf(DAY));
      const record = { revisions: [1, 2], why: [WHY], added: [LATE.length] };
      expect(market.record(DATE)).toEqual(record);
      expect(await market.rollover(CORRECT)).toMatchObject({ status: 'nothing_to_do', dates: [] });
      expect(market.record(DATE)).toEqual(record);
      expect(await healthOf(market)).toEqual({ late: [0], failed: [] });
    },
    TIMEOUT_MS,
  );

  test(
    'killed before or after its commit point, a rerun gives the rows, revisions and records of an undisturbed run, and leaves no stage',
    async () => {
      using root = tempRoot('late-killed');
      await lateRoot(root);
      for (const step of ['correct unlinked', 'correct published']) {
        const copy = root.at(step.replace(' ', '-'));
        cpSync(root.at('data'), copy, { recursive: true, preserveTimestamps: true });
        const { signal } = spawnSync(process.execPath, [KILLER, copy, step, WHY], {
          stdio: 'ignore',
        });
        expect([step, signal]).toEqual([step, 'SIGKILL']);
        const market = new MarketRoot(copy);
        await market.rollover(CORRECT);
        expect([step, await market.ticks(DATE)]).toEqual([step, bagOf([...DAY, ...LATE])]);
        expect([step, market.record(DATE)]).toEqual([
          step,
          { revisions: [1, 2], why: [WHY], added: [LATE.length] },
        ]);
        expect([step, (await market.rollover(CORRECT)).status]).toEqual([step, 'nothing_to_do']);
        const stages = readdirSync(layoutOf(copy).marketData).filter((name) =>
          name.startsWith('.import-'),
        );
        expect([step, stages]).toEqual([step, []]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    'rows that came between the publication and the clearing of others are added by the next run, and none twice',
    async () => {
      using root = tempRoot('late-more');
      const market = await lateRoot(root);
      const { signal } = spawnSync(
        process.execPath,
        [KILLER, market.path, 'correct published', WHY],
        { stdio: 'ignore' },
      );
      expect(signal).toBe('SIGKILL');
      const more = rowsOf('BBB', 7, 9_000_000, 1000, 55);
      await market.append(more);
      await market.rollover(CORRECT);
      expect(await market.ticks(DATE)).toBe(bagOf([...DAY, ...LATE, ...more]));
      expect(market.record(DATE)).toMatchObject({ revisions: [1, 2, 3], added: [LATE.length, 7] });
    },
    TIMEOUT_MS,
  );

  test(
    'rows of a date that was imported wait too, keep no other date back, and equal ones want a word',
    async () => {
      using root = tempRoot('late-imported');
      const market = await MarketRoot.create(root.at('data'));
      await market.import('ticks', [writeTicksCsv(root.at('day.csv'), DAY)]);
      const rows = [...LATE, DAY[0]!];
      await market.append([...rows, ...rowsOf('AAA', 30, 86_400_000, 60_000)]);
      expect(await market.rollover()).toMatchObject({
        status: 'promoted',
        dates: [
          { date: DATE, status: 'waiting', rows: { late: rows.length } },
          { date: '2025-02-04', status: 'promoted', rows: { ticks: 30 } },
        ],
      });
      await expect(market.rollover({ tradingDate: DATE })).rejects.toMatchObject({
        code: 'DATE_CONFLICT',
      });
      expect((await healthOf(market)).late).toEqual([rows.length]);
      await expect(market.rollover(CORRECT)).rejects.toMatchObject({
        code: 'GATE_FAILED',
        message: expect.stringMatching(/repeated_ticks AAA 1 of the added ticks/),
      });
      expect(await market.ticks(DATE)).toBe(bagOf(DAY));
      const explained = [{ gate: 'repeated_ticks', symbol: 'AAA', reason: 'two trades' }];
      const accepted = await market.rollover({ ...CORRECT, explained });
      expect(accepted).toMatchObject({ status: 'corrected' });
      expect(await market.ticks(DATE)).toBe(bagOf([...DAY, ...rows]));
      expect((await market.rollover(CORRECT)).status).toBe('nothing_to_do');
      expect(await healthOf(market)).toEqual({ late: [0], failed: [] });
    },
    TIMEOUT_MS,
  );
});

describe('import --add', () => {
  const ADD = { ...CORRECT, mode: 'add' } as const;

  test(
    'the late ticks of one symbol join its published ones; a file is added once; a whole file is no late file',
    async () => {
      using root = tempRoot('add');
      const market = await MarketRoot.create(root.at('data'));
      const day = writeTicksCsv(root.at('day.csv'), DAY);
      await market.import('ticks', [day]);
      const late = writeTicksCsv(root.at('late.csv'), LATE);
      const rest = rowsOf('BBB', 5, 7_000_000, 1000, 51);
      const more = writeTicksCsv(root.at('more.csv'), rest);
      expect(await market.import('ticks', [late], ADD)).toMatchObject({
        status: 'corrected',
        rowsAccepted: LATE.length,
        days: [{ date: DATE, revision: 2, rows: DAY.length + LATE.length }],
      });
      await expectCandles(market, [...DAY, ...LATE]);
      expect(await market.import('ticks', [late], ADD)).toMatchObject({
        status: 'already_imported',
        rowsAccepted: 0,
        rowsDuplicate: LATE.length,
      });
      expect(await market.import('ticks', [more, late], ADD)).toMatchObject({
        status: 'corrected',
        rowsAccepted: 5,
        rowsDuplicate: LATE.length,
      });
      expect(await market.ticks(DATE)).toBe(bagOf([...DAY, ...LATE, ...rest]));
      expect(market.record(DATE)).toEqual({
        revisions: [1, 2, 3],
        why: [WHY, WHY],
        added: [LATE.length, 5],
      });
      await expect(market.import('ticks', [day], ADD)).rejects.toMatchObject({
        code: 'GATE_FAILED',
      });
    },
    TIMEOUT_MS,
  );

  test(
    'a correction that replaces a symbol does not make an added file new again',
    async () => {
      using root = tempRoot('add-replaced');
      const market = await MarketRoot.create(root.at('data'));
      await market.import('ticks', [writeTicksCsv(root.at('day.csv'), DAY)]);
      const late = writeTicksCsv(root.at('late.csv'), LATE);
      await market.import('ticks', [late], ADD);
      const other = rowsOf('BBB', 40, 0, 30_000, 60);
      await market.import('ticks', [writeTicksCsv(root.at('bbb.csv'), other)], CORRECT);
      expect(await market.import('ticks', [late], ADD)).toMatchObject({
        status: 'already_imported',
      });
      const rest = [...DAY.filter(({ symbol }) => symbol !== 'BBB'), ...LATE];
      expect(await market.ticks(DATE)).toBe(bagOf([...rest, ...other]));
    },
    TIMEOUT_MS,
  );

  test(
    'late minutes join the published candles of a symbol; equal ones are duplicates, another one under a key is refused',
    async () => {
      using root = tempRoot('add-candles');
      const market = await MarketRoot.create(root.at('data'));
      const line = (minute: number, close = 100): string =>
        `AAA,${new Date(OPEN_MS + minute * 60_000).toISOString()},100,101,99,${close},5\n`;
      const file = (name: string, minutes: string[]): string => {
        writeFileSync(root.at(name), `symbol,ts,open,high,low,close,volume\n${minutes.join('')}`);
        return root.at(name);
      };
      await market.import('candles', [file('a.csv', [line(0), line(1), line(2)])]);
      const late = file('b.csv', [line(2), line(3), line(4)]);
      expect(await market.import('candles', [late], ADD)).toMatchObject({
        status: 'corrected',
        rowsAccepted: 2,
        rowsDuplicate: 1,
        days: [{ rows: 5, revision: 2 }],
      });
      const other = file('c.csv', [line(4, 100.5)]);
      await expect(market.import('candles', [other], ADD)).rejects.toMatchObject({
        code: 'GATE_FAILED',
        message: expect.stringMatching(/strict_order AAA/),
      });
    },
    TIMEOUT_MS,
  );

  test(
    'late ticks of a symbol whose candles were supplied do not take their place',
    async () => {
      using root = tempRoot('add-supplied');
      const market = await MarketRoot.create(root.at('data'));
      await market.import('ticks', [writeTicksCsv(root.at('day.csv'), DAY)]);
      const candle = `CCC,${new Date(OPEN_MS).toISOString()},1,2,1,2,5\n`;
      writeFileSync(root.at('c.csv'), `symbol,ts,open,high,low,close,volume\n${candle}`);
      await market.import('candles', [root.at('c.csv')], CORRECT);
      const late = writeTicksCsv(root.at('late.csv'), rowsOf('CCC', 3, 0, 1000, 5));
      await expect(market.import('ticks', [late], ADD)).rejects.toMatchObject({
        code: 'GATE_FAILED',
        message: expect.stringMatching(/CCC/),
      });
    },
    TIMEOUT_MS,
  );

  test(
    'the months that a correction made stale are told until they are built again',
    async () => {
      using root = tempRoot('add-months');
      const market = await MarketRoot.create(root.at('data'));
      const layout = layoutOf(market.path);
      const next = rowsOf('AAA', 30, 86_400_000, 60_000);
      await market.import('ticks', [writeTicksCsv(root.at('days.csv'), [...DAY, ...next])]);
      const tools = { layout, signal: new AbortController().signal, waitMs: 30_000 };
      expect(await refreshMonths('nse', tools)).toBeGreaterThan(0);
      expect(listStaleMonths(layout, 'nse')).toEqual([]);
      await market.import('ticks', [writeTicksCsv(root.at('late.csv'), LATE)], ADD);
      expect(listStaleMonths(layout, 'nse')).toContain('1m 2025-02');
      await expectCandles(market, [...DAY, ...LATE]);
      await refreshMonths('nse', tools);
      expect(listStaleMonths(layout, 'nse')).toEqual([]);
      await expectCandles(market, [...DAY, ...LATE]);
    },
    TIMEOUT_MS,
  );

  test(
    'tb wants a reason, takes one of --add and --correct, and adds no wide candles',
    async () => {
      const noReason = await tb(['rollover', '--exchange', 'nse', '--correct', '--json']);
      expect([noReason.exit, noReason.json.error.code]).toEqual([2, 'BAD_OPTION']);
      const words = ['import', 'a.csv', '--exchange', 'nse', '--reason', WHY, '--add', '--json'];
      const both = await tb([...words, '--kind', 'ticks', '--correct']);
      expect([both.exit, both.json.error.code]).toEqual([2, 'BAD_OPTION']);
      const wide = await tb([...words, '--kind', 'candles', '--timeframe', '5m']);
      expect([wide.exit, wide.json.error.code]).toEqual([2, 'BAD_OPTION']);
    },
    TIMEOUT_MS,
  );
});
