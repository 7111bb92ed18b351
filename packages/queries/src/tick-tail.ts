import type { TickChunk } from './chunk.ts';
import type { QueryContext } from './context.ts';
import { minOf } from './range.ts';
import { isPlain } from './symbol-table.ts';
import { type TickPlan, tickFacts } from './tick-query.ts';
import { TickResult } from './tick-result.ts';

/** A tick of the tail with the code of its symbol. */
type CodedTick = ReturnType<TickPlan['snapshot']['lastTicks']>[number] & { readonly code: number };

/** The result of `tailTicks`; undefined when the tail alone does not answer. */
export async function tailResult(
  context: QueryContext,
  plan: TickPlan,
  count: number,
  onGap: 'error' | 'report',
): Promise<TickResult | undefined> {
  const found = tailTicks(plan, count);
  if (!found) return undefined;
  const chunk = chunkOf(found, plan.table.sidByCode);
  const facts = await tickFacts(context, plan, onGap);
  return new TickResult({
    facts,
    stream: () => one(chunk),
    release: async () => plan.snapshot[Symbol.asyncDispose](),
  });
}

/**
 * The newest ticks from memory, without SQL (0.07 ms in place of 0.9 to 1.4): only when the tail has `count` of every
 * symbol and no other source reaches into their time, for ticks may arrive out of order.
 *
 * @returns in order (ts, symbol, seq); undefined when the tail alone does not answer.
 */
export function tailTicks(plan: TickPlan, count: number): CodedTick[] | undefined {
  const { scope, snapshot, table } = plan;
  if (!scope.symbols || !isPlain(table)) return undefined;
  const found: CodedTick[] = [];
  for (const { sid, code } of table.legs) {
    const ticks = snapshot.lastTicks(sid, count);
    if (ticks.length < count) return undefined;
    for (const tick of ticks) found.push({ ...tick, code });
  }
  const oldest = found.reduce((least, tick) => minOf(least, tick.ts), scope.span.to);
  const others = plan.pieces.filter((piece) => piece.origin !== 'tail');
  if (oldest < scope.span.from || others.some((piece) => piece.maxTs >= oldest)) return undefined;
  return found.sort(byTime);
}

async function* one(chunk: TickChunk): AsyncGenerator<TickChunk, void, undefined> {
  if (chunk.rows > 0) yield chunk;
}

function byTime(a: CodedTick, b: CodedTick): number {
  if (a.ts !== b.ts) return a.ts < b.ts ? -1 : 1;
  if (a.code !== b.code) return a.code - b.code;
  return a.seq < b.seq ? -1 : 1;
}

function chunkOf(ticks: readonly CodedTick[], sidByCode: Int32Array): TickChunk {
  return {
    rows: ticks.length,
    sid: Int32Array.from(ticks, (tick) => sidByCode[tick.code]!),
    ts: BigInt64Array.from(ticks, (tick) => tick.ts),
    seq: BigInt64Array.from(ticks, (tick) => tick.seq),
    price: Float64Array.from(ticks, (tick) => tick.price),
    volume: Float64Array.from(ticks, (tick) => tick.volume),
    bid: Float64Array.from(ticks, (tick) => tick.bid),
    ask: Float64Array.from(ticks, (tick) => tick.ask),
    code: Int32Array.from(ticks, (tick) => tick.code),
  };
}
