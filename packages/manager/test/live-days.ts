import { expect } from '@jest/globals';
import type { DatabaseManager } from '@tb/manager';
import { generateTicks, seedOf } from '@tb/testkit';

export const [D1, D2] = ['2026-02-02', '2026-02-03'] as const;
export const TICKS = { exchange: 'nse', kind: 'ticks' } as const;
export const MINUTES = { exchange: 'nse', kind: 'candles', timeframe: '1m' } as const;

/** Ticks of one NSE session: 09:15 to 15:30 in Kolkata is 03:45 to 10:00 UTC. */
export function ticksOf(date: string, rows: number, symbols = 5) {
  const openNs = BigInt(Date.parse(`${date}T03:45:00Z`)) * 1_000_000n;
  const closeNs = BigInt(Date.parse(`${date}T10:00:00Z`)) * 1_000_000n;
  const seed = `${seedOf()} ${date}`;
  return generateTicks({ seed, symbols, openNs, closeNs, rows, source: `feed ${date} ${rows}` });
}

/** Appends a generated day to the live buffer; every row must be stored. */
export async function ingest(
  manager: DatabaseManager<'ingestor'>,
  date: string,
  rows: number,
  symbols = 5,
): Promise<void> {
  for (const batch of ticksOf(date, rows, symbols)) {
    const ack = await manager.live('nse').append(batch);
    expect(ack.rejected).toEqual([]);
    expect(ack.duplicates).toBe(0);
  }
}
