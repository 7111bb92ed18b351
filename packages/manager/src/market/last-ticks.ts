import type { LiveSnapshot, TickChunk } from '@tb/live';
import type { LiveTick } from '@tb/schema';

/**
 * The newest ticks of a symbol in the tail, by (ts, seq), newest last, without those of dates that are published: a
 * rolled-over date stays in the tail until it is cleared, and history answers for it.
 */
export function lastTicksOf(
  live: LiveSnapshot,
  publishedDates: ReadonlySet<string>,
  sid: number,
  count: number,
): readonly LiveTick[] {
  if (!live.tail.some((chunk) => publishedDates.has(chunk.tradingDate)))
    return live.lastTicks(sid, count);
  const found: LiveTick[] = [];
  for (const chunk of live.tail)
    if (!publishedDates.has(chunk.tradingDate)) collect(chunk, sid, found);
  return count > 0 ? found.sort(byTime).slice(-count) : [];
}

function collect(chunk: TickChunk, sid: number, found: LiveTick[]): void {
  for (let row = 0; row < chunk.rows; row++)
    if (chunk.sid[row] === sid)
      found.push({
        ts: chunk.ts[row] as bigint,
        seq: chunk.seq[row] as bigint,
        price: chunk.price[row] as number,
        volume: chunk.volume[row] as number,
        bid: chunk.bid[row] as number,
        ask: chunk.ask[row] as number,
      });
}

function byTime(a: LiveTick, b: LiveTick): number {
  if (a.ts !== b.ts) return a.ts < b.ts ? -1 : 1;
  return a.seq < b.seq ? -1 : 1;
}
