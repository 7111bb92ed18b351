import { mkdirSync } from 'node:fs';
import {
  movingAverageCross,
  type RunHistory,
  type RunIndex,
  runBacktest,
  sharpe,
} from '@tb/backtest';
import { type Candle, layoutOf } from '@tb/schema';
import { type BenchRow, random, tempRoot } from '@tb/testkit';

const MINUTE = 60_000_000_000n;
const CANDLES = 1_000_000;
const CHUNK = 2048;

/** A run of a million candles of one symbol, written to its file; and one ratio over a million returns. */
export async function run(): Promise<BenchRow[]> {
  const small = await measure(CHUNK);
  const large = await measure(CANDLES);
  return [
    { name: 'start and end of a run', value: small.ms, unit: 'ms', detail: `${CHUNK} candles` },
    {
      name: 'candles of a run',
      value: Math.round(CANDLES / ((large.ms - small.ms) / 1000)),
      unit: 'candles/s',
      detail: `${CANDLES} candles, equity of each written`,
    },
    {
      name: 'memory of the runner',
      value: Math.round(large.rssBytes / 1e6),
      unit: 'MB',
      detail: `highest rss over ${CANDLES} candles`,
    },
    { name: 'Sharpe ratio', value: ratioMs(), unit: 'ms', detail: `${CANDLES} returns` },
  ];
}

async function measure(count: number): Promise<{ ms: number; rssBytes: number }> {
  using root = tempRoot('bench');
  const layout = layoutOf(root.path);
  mkdirSync(layout.runsDir, { recursive: true });
  let rssBytes = 0;
  const history: RunHistory = {
    inputs: [],
    async *candles() {
      for (let at = 0; at < count; at += CHUNK) {
        yield Array.from({ length: Math.min(CHUNK, count - at) }, (_, i) => wave(at + i));
        rssBytes = Math.max(rssBytes, process.memoryUsage.rss());
      }
    },
  };
  const started = performance.now();
  await runBacktest({
    layout,
    index: forgetful,
    strategy: movingAverageCross,
    config: {
      exchange: 'nse',
      symbols: ['A'],
      timeframe: '1m',
      from: 0n,
      to: BigInt(count) * MINUTE,
    },
    history,
  });
  return { ms: Math.round(performance.now() - started), rssBytes };
}

function wave(at: number): Candle {
  const [open, close] = [100 + 3 * Math.sin(at / 9), 100 + 3 * Math.sin((at + 1) / 9)];
  const [high, low] = [Math.max(open, close), Math.min(open, close)];
  return { symbol: 'A', ts: BigInt(at) * MINUTE, open, high, low, close, volume: 1 };
}

/** The index is not what is measured. */
const forgetful: RunIndex = {
  start: async () => {},
  finish: async () => {},
  fail: async () => true,
  find: async () => undefined,
  list: async () => [],
  inputsOf: async () => [],
  remove: async () => false,
};

function ratioMs(): number {
  const chance = random(1);
  const returns = Float64Array.from({ length: CANDLES }, () => chance.next() - 0.5);
  const started = performance.now();
  sharpe(returns);
  return Math.round(performance.now() - started);
}
