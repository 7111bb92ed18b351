import { setTimeout as sleep } from 'node:timers/promises';
import type { TickColumns } from '@tb/schema';
import { LiveError } from './errors.ts';
import type { FollowBatch, FollowOptions, LiveReader } from './live-reader.ts';
import type { LiveSnapshot, TickChunk } from './live-snapshot.ts';
import { SealedRows } from './sealed-rows.ts';

/** How often a vanished segment makes the reader start again; more only when the list has moved on. */
const RESTARTS = 3;

/** See `LiveReader.follow`. Polls `data_version`, reads snapshots, and hands over each seq once, in order. */
export async function* follow(
  reader: LiveReader,
  options: FollowOptions,
  closing: AbortSignal,
): AsyncGenerator<FollowBatch> {
  const stop = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
  const pollMs = options.pollMs ?? 5;
  let next = options.from ?? reader.snapshot().seq + 1n;
  let version: number | undefined;
  while (!stop.aborted) {
    const seen = reader.dataVersion();
    if (seen === version) {
      await pause(pollMs, stop);
      continue;
    }
    version = seen;
    const snapshot = reader.snapshot();
    if (snapshot.seq < next) continue;
    for await (const ticks of rowsFrom(reader, snapshot, next, stop)) {
      if (stop.aborted) return;
      next = ticks.seq[ticks.rows - 1]! + 1n;
      const wanted = pick(ticks, snapshot, options.symbols);
      if (wanted.rows > 0) yield batchOf(wanted, snapshot, next - 1n);
    }
  }
}

/** Every committed tick of a snapshot from a seq on, in order. @throws `POSITION_CLEARED` when one is missing. */
async function* rowsFrom(
  reader: LiveReader,
  first: LiveSnapshot,
  from: bigint,
  stop: AbortSignal,
): AsyncGenerator<TickColumns> {
  let snapshot = first;
  let next = from;
  for (let restarts = 0; next <= first.seq && !stop.aborted; ) {
    const chunks = [...snapshot.tail, ...snapshot.late]
      .filter((chunk) => chunk.lastSeq >= next)
      .sort((a, b) => (a.firstSeq < b.firstSeq ? -1 : 1));
    try {
      for await (const ticks of merged(chunks, snapshot, next)) {
        yield ticks;
        next = ticks.seq[ticks.rows - 1]! + 1n;
      }
      return;
    } catch (error) {
      const moved = reader.snapshot();
      const isGone = (error as { code?: unknown }).code === 'SEGMENT_MISSING';
      if (!isGone || moved.catalogVersion === snapshot.catalogVersion || ++restarts > RESTARTS)
        throw error;
      snapshot = moved;
    }
  }
}

/** Batches of the tail, and rows of segments for the seqs between them. */
async function* merged(
  chunks: readonly TickChunk[],
  snapshot: LiveSnapshot,
  from: bigint,
): AsyncGenerator<TickColumns> {
  await using sealed = new SealedRows(snapshot);
  let next = from;
  for (const chunk of chunks) {
    if (chunk.firstSeq > next) {
      yield* exactly(sealed, next, chunk.firstSeq);
      next = chunk.firstSeq;
    }
    yield cut(chunk, Number(next - chunk.firstSeq), chunk.rows);
    next = chunk.lastSeq + 1n;
  }
  if (next <= snapshot.seq) yield* exactly(sealed, next, snapshot.seq + 1n);
}

/** Sealed rows with `from <= seq < to`: all of them, or an error. */
async function* exactly(sealed: SealedRows, from: bigint, to: bigint): AsyncGenerator<TickColumns> {
  let next = from;
  for await (const ticks of sealed.between(from, to)) {
    for (let row = 0; row < ticks.rows; row++, next++)
      if (ticks.seq[row] !== next) throw cleared(next);
    yield ticks;
  }
  if (next !== to) throw cleared(next);
}

function cleared(seq: bigint): LiveError {
  return new LiveError('POSITION_CLEARED', `Tick ${seq} is not in the live buffer any more`);
}

function cut(ticks: TickColumns, from: number, to: number): TickColumns {
  if (from === 0 && to === ticks.rows) return ticks;
  return {
    rows: to - from,
    sid: ticks.sid.subarray(from, to),
    ts: ticks.ts.subarray(from, to),
    seq: ticks.seq.subarray(from, to),
    price: ticks.price.subarray(from, to),
    volume: ticks.volume.subarray(from, to),
    bid: ticks.bid.subarray(from, to),
    ask: ticks.ask.subarray(from, to),
  };
}

/** The rows of some symbols. */
function pick(
  ticks: TickColumns,
  snapshot: LiveSnapshot,
  symbols: readonly string[] | undefined,
): TickColumns {
  if (symbols === undefined) return ticks;
  const sids = new Set(symbols.map((symbol) => snapshot.sidOf(symbol)));
  const rows: number[] = [];
  for (let row = 0; row < ticks.rows; row++) if (sids.has(ticks.sid[row])) rows.push(row);
  const at = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row]!);
  return {
    rows: rows.length,
    sid: Int32Array.from(rows, (row) => ticks.sid[row]!),
    ts: BigInt64Array.from(rows.map((row) => ticks.ts[row]!)),
    seq: BigInt64Array.from(rows.map((row) => ticks.seq[row]!)),
    price: at(ticks.price),
    volume: at(ticks.volume),
    bid: at(ticks.bid),
    ask: at(ticks.ask),
  };
}

function batchOf(ticks: TickColumns, snapshot: LiveSnapshot, seq: bigint): FollowBatch {
  const { rows, sid, ts, price, volume, bid, ask } = ticks;
  return {
    rows,
    sid,
    ts,
    seq: ticks.seq,
    price,
    volume,
    bid,
    ask,
    watermark: { seq, catalogVersion: snapshot.catalogVersion },
    symbolOf: (wanted) => {
      const symbol = snapshot.symbolOf(wanted);
      if (symbol === undefined) throw new RangeError(`sid ${wanted} is not in this batch`);
      return symbol;
    },
  };
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
