import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  getRun,
  historyFrom,
  openRun,
  openRunFile,
  type RunEvent,
  renderReport,
  type Strategy,
  type StrategyDefinition,
} from '@tb/backtest';
import type { Candle } from '@tb/schema';
import { flat, historyOf, INPUT, OPEN } from './support/candles.ts';
import { openRunRoot, threeDays } from './support/run-root.ts';
import { config } from './support/simulation.ts';

function strategyOf(strategy: Strategy): StrategyDefinition {
  return { id: 'test', version: '1', description: '', parameters: {}, create: () => strategy };
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

describe('a run', () => {
  test('leaves one whole, read-only file and a row that says done', async () => {
    await using root = openRunRoot();
    const before = filesOf(root.layout.root);
    const events: RunEvent['kind'][] = [];
    const result = await root.run({ onEvent: (event) => events.push(event.kind) });

    expect(result.runId).toMatch(/^run_\d{8}_\d{6}_[0-9a-f]{12}$/);
    expect(result.path).toBe(`backtest/runs/${result.runId}.duckdb`);
    expect(filesOf(root.layout.root)).toEqual([...before, result.path].sort());
    const stat = statSync(root.layout.runFile(result.runId));
    expect(stat.mode & 0o777).toBe(0o444);
    expect(stat.size).toBe(result.sizeBytes);
    expect(stat.nlink).toBe(1);
    expect(events.filter((kind) => kind !== 'progress')).toEqual([
      'started',
      'published',
      'finished',
    ]);

    const row = await getRun(root.index, result.runId);
    expect(row).toMatchObject({
      state: 'done',
      sha256: result.sha256,
      fingerprint: result.fingerprint,
      metrics: result.metrics,
      path: result.path,
    });
    expect(await root.index.inputsOf(result.runId)).toEqual([INPUT]);
  });

  test('the file holds what happened, and its figures agree with each other', async () => {
    await using root = openRunRoot();
    const { runId, metrics, fingerprint } = await root.run();
    await using file = await openRun(root.layout, await getRun(root.index, runId));

    expect(await file.metadata()).toMatchObject({
      run_id: runId,
      fingerprint,
      strategy_id: 'moving-average-cross',
      from_ns: String(OPEN),
      symbols: '["A","B"]',
    });
    expect(await file.parameters()).toEqual({
      fast: 3,
      slow: 8,
      average: 'simple',
      fraction: 0.9,
      short: false,
    });
    expect(await file.inputs()).toEqual([INPUT]);

    const [orders, trades, open, curve] = await Promise.all([
      file.orders(),
      file.trades(),
      file.positions(),
      file.equity(),
    ]);
    expect(curve.rows).toBe(900);
    expect(curve.ts[0]).toBe(OPEN);
    expect(trades.length).toBeGreaterThan(20);
    expect(orders.map((order) => order.orderId)).toEqual(orders.map((_, at) => at + 1));
    expect(metrics['tradeCount']).toBe(trades.length);
    expect(metrics['candles']).toBe(1800);
    expect(metrics['tradingDays']).toBe(3);
    const end = curve.equity[899]!;
    expect(metrics['finalEquity']).toBe(end);
    expect(metrics['maxDrawdown']).toBe(Math.min(...curve.drawdown));
    const won =
      trades.reduce((sum, trade) => sum + trade.pnl, 0) +
      open.reduce((sum, one) => sum + one.unrealisedPnl - one.fees, 0);
    expect(end - 100_000).toBeCloseTo(won, 6);
    const fees = orders.reduce((sum, order) => sum + order.fee, 0);
    expect(metrics['fees']).toBeCloseTo(fees, 8);
    const stored = await file.metrics();
    expect(Object.fromEntries(stored.map(({ name, value }) => [name, value]))).toEqual(
      Object.fromEntries(
        Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN]),
      ),
    );
    for (const { convention } of stored) expect(convention).not.toBe('');
  });

  test('the same input gives the same fingerprint, orders, trades and equity, under another id', async () => {
    await using root = openRunRoot();
    const first = await root.run();
    const second = await root.run();
    expect(second.runId).not.toBe(first.runId);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(second.metrics).toEqual(first.metrics);
    const contents = async (runId: string): Promise<unknown> => {
      await using file = await openRun(root.layout, await getRun(root.index, runId));
      return [
        await file.orders(),
        await file.trades(),
        await file.equity(),
        await file.positions(),
      ];
    };
    expect(await contents(second.runId)).toEqual(await contents(first.runId));
  });

  test('a thinned equity curve keeps its extremes and its ends', async () => {
    await using root = openRunRoot();
    const { runId } = await root.run();
    await using file = await openRun(root.layout, await getRun(root.index, runId));
    const [whole, thin] = [await file.equity(), await file.equity(50)];
    expect(thin.rows).toBeLessThanOrEqual(51);
    expect(thin.rows).toBeGreaterThan(25);
    expect(Math.max(...thin.equity)).toBe(Math.max(...whole.equity));
    expect(Math.min(...thin.equity)).toBe(Math.min(...whole.equity));
    expect(thin.equity[thin.rows - 1]).toBe(whole.equity[whole.rows - 1]);
    expect(await file.equity(900)).toEqual(whole);
  });
});

describe('a run that is valid but hard to judge', () => {
  test('an account that fell below zero has no ratios, and says how far it fell', async () => {
    await using root = openRunRoot();
    const short = strategyOf({
      onCandle: (context, { ts }) => {
        if (ts === OPEN)
          context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 100 });
      },
    });
    const { metrics } = await root.run({
      strategy: short,
      parameters: {},
      config: config(),
      history: historyOf(flat([10, 10, 25])),
    });
    expect(metrics).toMatchObject({
      finalEquity: -500,
      totalReturn: -1.5,
      maxDrawdown: -1.5,
      sharpe: null,
      sortino: null,
      annualReturn: null,
      valueAtRisk: null,
      tradeCount: 0,
      winRate: null,
      profitFactor: null,
    });
  });

  test('takes columns of a query result as they are', async () => {
    await using root = openRunRoot();
    const candles = (await collect(threeDays())).filter((candle) => candle.symbol === 'A');
    const column = (pick: (candle: Candle) => number): Float64Array =>
      Float64Array.from(candles, pick);
    const chunk = {
      rows: candles.length,
      code: new Int32Array(candles.length).fill(1),
      ts: BigInt64Array.from(candles, (candle) => candle.ts),
      open: column((candle) => candle.open),
      high: column((candle) => candle.high),
      low: column((candle) => candle.low),
      close: column((candle) => candle.close),
      volume: column((candle) => candle.volume),
    };
    const result = {
      files: [INPUT],
      symbols: ['0', 'A'],
      async *chunks() {
        yield chunk;
      },
    };
    const one = await root.run({ config: config(), history: historyFrom(result) });
    const other = await root.run({ config: config(), history: historyOf(candles) });
    expect(one.metrics).toEqual(other.metrics);
    expect(one.fingerprint).toBe(other.fingerprint);
  });

  test('daily returns go by the trading date that the caller gives', async () => {
    await using root = openRunRoot();
    const { metrics } = await root.run({ tradingDateOf: () => 'one long session' });
    expect(metrics).toMatchObject({ tradingDays: 1, sharpe: null });
  });
});

describe('a run that cannot finish', () => {
  test.each([
    [
      'STRATEGY_FAILED',
      {
        strategy: strategyOf({
          onCandle: () => {
            throw new Error('boom');
          },
        }),
        parameters: {},
      },
    ],
    ['NO_CANDLES', { history: historyOf([]) }],
    [
      'CANDLES_INVALID',
      {
        history: historyOf([
          { symbol: 'C', ts: OPEN, open: 1, high: 1, low: 1, close: 1, volume: 1 },
        ]),
      },
    ],
    ['RUN_CANCELLED', { signal: AbortSignal.abort() }],
  ] as const)('%s: is recorded as failed and leaves no file', async (code, given) => {
    await using root = openRunRoot();
    await expect(root.run(given)).rejects.toMatchObject({ name: 'BacktestError', code });
    const [row] = await root.index.list();
    expect(row).toMatchObject({ state: 'failed', sha256: undefined });
    expect(row!.error).not.toBe('');
    expect(readdirSync(root.layout.runsDir)).toEqual([]);
    await expect(openRun(root.layout, row!)).rejects.toMatchObject({ code: 'RUN_NOT_DONE' });
  });

  test('an error of the history is passed on as it is', async () => {
    await using root = openRunRoot();
    const missing = Object.assign(new Error('gone'), { code: 'DAY_FILE_MISSING' });
    const history = {
      inputs: [],
      // biome-ignore lint/correctness/useYield: it fails before its first candle
      async *candles(): AsyncGenerator<never> {
        throw missing;
      },
    };
    await expect(root.run({ history })).rejects.toBe(missing);
    expect((await root.index.list())[0]).toMatchObject({ state: 'failed', error: 'gone' });
  });

  test.each([
    ['PARAMETER_INVALID', { parameters: { fast: 8, slow: 3 } }],
    ['PARAMETER_INVALID', { parameters: { fats: 8 } }],
    ['CONFIG_INVALID', { config: config({ startingCash: 0 }) }],
  ] as const)('%s: is refused before anything is recorded', async (code, given) => {
    await using root = openRunRoot();
    await expect(root.run(given)).rejects.toMatchObject({ code });
    expect(await root.index.list()).toEqual([]);
  });

  test('a folder that refuses files: RUN_FILE_NOT_WRITTEN with the reason, and a failed row', async () => {
    await using root = openRunRoot();
    const layout = { ...root.layout, runsDir: join(root.layout.root, 'nowhere') };
    await expect(root.run({ layout })).rejects.toMatchObject({
      code: 'RUN_FILE_NOT_WRITTEN',
      retryable: true,
      message: expect.stringContaining('nowhere'),
    });
    expect((await root.index.list())[0]).toMatchObject({ state: 'failed' });
  });

  test('an index that refuses the result: the file goes, and the run counts as failed', async () => {
    await using root = openRunRoot();
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const index = { ...root.index, finish: () => Promise.reject(full) };
    await expect(root.run({ index })).rejects.toBe(full);
    expect((await root.index.list())[0]).toMatchObject({ state: 'failed' });
    expect(readdirSync(root.layout.runsDir)).toEqual([]);
  });

  test('a commit that was reported as failed but is there keeps the file', async () => {
    await using root = openRunRoot();
    const index = {
      ...root.index,
      finish: async (...values: Parameters<typeof root.index.finish>) => {
        await root.index.finish(...values);
        throw new Error('disk I/O error');
      },
    };
    await expect(root.run({ index })).rejects.toThrow('disk I/O error');
    const [row] = await root.index.list();
    expect(row!.state).toBe('done');
    await using file = await openRun(root.layout, row!);
    expect((await file.equity()).rows).toBe(900);
  });
});

describe('a run file that is not what its row says', () => {
  test.each([
    ['one bit flipped', (bytes: Buffer) => bytes.writeUInt8(bytes[20_000]! ^ 1, 20_000)],
    ['zeroed tail', (bytes: Buffer) => bytes.fill(0, bytes.length - 4096)],
  ])('%s is refused before DuckDB opens it', async (_name, damage) => {
    await using root = openRunRoot();
    const { runId } = await root.run();
    const path = root.layout.runFile(runId);
    const bytes = readFileSync(path);
    damage(bytes);
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    const row = await getRun(root.index, runId);
    await expect(openRun(root.layout, row)).rejects.toMatchObject({ code: 'RUN_FILE_CORRUPT' });
  });

  test('a .wal beside it is refused: DuckDB would apply it', async () => {
    await using root = openRunRoot();
    const { runId } = await root.run();
    writeFileSync(`${root.layout.runFile(runId)}.wal`, '');
    const row = await getRun(root.index, runId);
    await expect(openRun(root.layout, row)).rejects.toMatchObject({ code: 'RUN_FILE_CORRUPT' });
  });

  test('one that cannot be read is not taken for a missing one', async () => {
    await using root = openRunRoot();
    await expect(openRunFile(root.layout.runsDir, { sha256: '' })).rejects.toMatchObject({
      code: 'RUN_FILE_CORRUPT',
      message: expect.stringContaining('EISDIR'),
    });
  });

  test('a missing one is told apart', async () => {
    await using root = openRunRoot();
    await expect(
      openRunFile(join(root.layout.runsDir, 'none.duckdb'), { sha256: '' }),
    ).rejects.toMatchObject({ code: 'RUN_FILE_MISSING' });
    await expect(getRun(root.index, 'run_1')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });
});

describe('the tear sheet', () => {
  test('refers to nothing outside itself and escapes every text', async () => {
    await using root = openRunRoot();
    const hostile = `<img src=x onerror="alert('1')">&`;
    const candles = [...(await collect(threeDays()))].map((candle) =>
      candle.symbol === 'A' ? { ...candle, symbol: hostile } : candle,
    );
    const { runId } = await root.run({
      history: historyOf(candles),
      config: config({ symbols: [hostile, 'B'], startingCash: 100_000 }),
    });
    const run = await getRun(root.index, runId);
    await using file = await openRun(root.layout, run);
    const page = await renderReport(run, file, { maxTrades: 5 });
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
    expect(page.match(/https?:|src=["']?\/|<script|<link|url\(/g)).toBeNull();
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page).toContain(`5 of ${String((await file.trades()).length)} trades, the newest.`);
    for (const { name, convention } of await file.metrics()) {
      expect(page).toContain(name);
      expect(page).toContain(convention.replaceAll('>', '&gt;'));
    }
    expect(page).not.toContain('NaN');
    expect(existsSync(root.layout.runFile(runId))).toBe(true);
  });
});

async function collect(history: ReturnType<typeof threeDays>): Promise<Candle[]> {
  const all: Candle[] = [];
  for await (const item of history.candles()) all.push(...(item as Candle[]));
  return all;
}
