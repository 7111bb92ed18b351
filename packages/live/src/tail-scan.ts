import type { LiveTick } from '@tb/schema';
import type { TickChunk } from './live-snapshot.ts';

/** The row of a chunk as an object. */
export function tickAt(chunk: TickChunk, row: number): LiveTick {
  return {
    ts: chunk.ts[row]!,
    seq: chunk.seq[row]!,
    price: chunk.price[row]!,
    volume: chunk.volume[row]!,
    bid: chunk.bid[row]!,
    ask: chunk.ask[row]!,
  };
}

/** By (ts, seq). */
export function compareTicks(a: LiveTick, b: LiveTick): number {
  if (a.ts !== b.ts) return a.ts < b.ts ? -1 : 1;
  return a.seq < b.seq ? -1 : a.seq > b.seq ? 1 : 0;
}

/**
 * The newest `count` ticks of a symbol by (ts, seq), newest last. Chunks are looked through from the newest; one is
 * skipped unread when enough ticks are found and all of its own are older.
 */
export function newestTicks(
  chunks: readonly TickChunk[],
  sid: number,
  count: number,
): readonly LiveTick[] {
  let found: LiveTick[] = [];
  if (count < 1) return found;
  for (let index = chunks.length - 1; index >= 0; index--) {
    const chunk = chunks[index]!;
    const oldest = found.length < count ? undefined : found[0];
    if (oldest !== undefined && chunk.maxTs < oldest.ts) continue;
    const more = rowsOf(chunk, sid, count, oldest);
    if (more.length > 0) found = [...more, ...found].sort(compareTicks).slice(-count);
  }
  return found;
}

/** Ticks of a symbol in a chunk that could be among the newest. In a chunk that is in order, the last `count` are enough. */
function rowsOf(
  chunk: TickChunk,
  sid: number,
  count: number,
  oldest: LiveTick | undefined,
): LiveTick[] {
  const rows: LiveTick[] = [];
  const inOrder = isSorted(chunk);
  for (let row = chunk.rows - 1; row >= 0; row--) {
    if (chunk.sid[row] !== sid) continue;
    if (oldest !== undefined && chunk.ts[row]! < oldest.ts) continue;
    rows.push(tickAt(chunk, row));
    if (inOrder && rows.length === count) break;
  }
  return rows;
}

/** Whether the ts of a chunk never fall; found out once a chunk. */
const sorted = new WeakMap<TickChunk, boolean>();

function isSorted(chunk: TickChunk): boolean {
  let known = sorted.get(chunk);
  if (known === undefined) {
    known = true;
    for (let row = 1; row < chunk.rows && known; row++)
      known = chunk.ts[row]! >= chunk.ts[row - 1]!;
    sorted.set(chunk, known);
  }
  return known;
}

/** Row of the newest tick of each symbol in a chunk; found out once a chunk. */
const newestRows = new WeakMap<TickChunk, ReadonlyMap<number, number>>();

export function newestRowsOf(chunk: TickChunk): ReadonlyMap<number, number> {
  let known = newestRows.get(chunk) as Map<number, number> | undefined;
  if (known === undefined) {
    known = new Map();
    for (let row = 0; row < chunk.rows; row++) {
      const before = known.get(chunk.sid[row]!);
      if (before === undefined || chunk.ts[row]! >= chunk.ts[before]!)
        known.set(chunk.sid[row]!, row);
    }
    newestRows.set(chunk, known);
  }
  return known;
}
