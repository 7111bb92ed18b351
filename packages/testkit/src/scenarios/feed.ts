import { writeFileSync } from 'node:fs';
import { generateTicks, random } from '@tb/simulator';
import { bitsOf, tickKey } from '../tick-key.ts';

/** A Monday on which NSE is open, 09:15 to 15:30 in India. */
export const DATE = '2026-02-02';
export const NEXT_DATE = '2026-02-03';
const DAY_NS = 86_400_000_000_000n;
const MINUTE_NS = 60_000_000_000n;
const MINUTES = 375;

/** Open of the session of `DATE` (03:45 UTC), or of a later day. */
export function openNs(daysLater = 0): bigint {
  return BigInt(Date.parse(`${DATE}T03:45:00Z`)) * 1_000_000n + BigInt(daysLater) * DAY_NS;
}

const cell = (value: number): string => (Number.isNaN(value) ? '' : String(value));

/** Writes a CSV of ticks and returns the key of each row. */
export function writeTicks(
  path: string,
  options: { rows: number; symbols: number; daysLater?: number; seed?: string },
): string[] {
  const open = openNs(options.daysLater);
  const lines = ['symbol,ts,price,volume,bid,ask'];
  const keys: string[] = [];
  const session = { openNs: open, closeNs: open + BigInt(MINUTES) * MINUTE_NS };
  for (const batch of generateTicks({
    seed: `feed ${options.daysLater ?? 0}`,
    ...options,
    ...session,
  }))
    for (let i = 0; i < batch.ts.length; i += 1) {
      const [symbol, ts] = [batch.symbol[i] as string, batch.ts[i] as bigint];
      const [price, volume] = [batch.price[i] as number, batch.volume[i] as number];
      const [bid, ask] = [batch.bid[i] as number, batch.ask[i] as number];
      lines.push([symbol, ts, price, volume, cell(bid), cell(ask)].join(','));
      keys.push(tickKey(symbol, ts, price, volume, bid, ask));
    }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return keys;
}

/** Writes a CSV of 1m candles, one for each minute of the session and symbol, and returns a key for each. */
export function writeCandles(
  path: string,
  options: { symbols: number; seed: string; daysLater?: number },
): string[] {
  const rng = random(options.seed);
  const lines = ['symbol,ts,open,high,low,close,volume'];
  const keys: string[] = [];
  for (let symbol = 1; symbol <= options.symbols; symbol += 1) {
    const name = `NSE_EQ|TEST${String(symbol).padStart(4, '0')}`;
    let steps = rng.between(2000, 60_000);
    for (let minute = 0; minute < MINUTES; minute += 1) {
      const ts = openNs(options.daysLater) + BigInt(minute) * MINUTE_NS;
      const close = Math.max(20, steps + rng.between(-8, 8));
      const [low, high] = [
        Math.min(steps, close) - rng.below(5),
        Math.max(steps, close) + rng.below(5),
      ];
      const prices = [steps, high, low, close].map((value) => value / 20);
      const volume = rng.between(0, 5000);
      lines.push([name, ts, ...prices, volume].join(','));
      keys.push(['1m', name, ts, ...[...prices, volume].map(bitsOf)].join('|'));
      steps = close;
    }
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return keys;
}
