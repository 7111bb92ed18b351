import { setImmediate as turn } from 'node:timers/promises';
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import type { Watermark } from '@tb/schema';
import { serveChild, wallMs } from './child.ts';

export interface ReaderJob {
  readonly root: string;
  readonly exchange: string;
  /** Window of the session, ns UTC. */
  readonly from: bigint;
  readonly to: bigint;
  readonly symbols: readonly string[];
}

/** So many answers from history are awaited before the readers are stopped. */
const HISTORY_READS = 20;

export interface ReaderCounts {
  reads: number;
  errors: number;
  /** A later read that had fewer rows of a symbol, or a lower watermark. */
  stepsBack: number;
  /** Rows of one read with the same seq. */
  duplicates: number;
  rows: number;
  readsAfterRollover: number;
}

export type ReaderMessage =
  | { readonly type: 'ready' }
  /** First time that a read saw this seq. */
  | { readonly type: 'saw'; readonly seq: bigint; readonly ms: number }
  /** Twenty answers came from published day files by now. */
  | { readonly type: 'saw_history' }
  | {
      readonly type: 'done';
      readonly counts: ReaderCounts;
      readonly firstError: string | undefined;
    };

/** Polls without pause: all ticks of a symbol over history and live as one, checked against what was seen before. */
serveChild<ReaderJob, ReaderMessage>(async (job, say, stop) => {
  await using manager = await DatabaseManager.open({
    root: job.root,
    role: 'reader',
    duckdb: { memoryLimit: '256MB', threads: 1 },
  });
  const query = new MarketDataQuery(manager.marketData, {
    calendarOf: (exchange) => manager.calendarOf(exchange),
  });
  const counts: ReaderCounts = {
    reads: 0,
    errors: 0,
    stepsBack: 0,
    duplicates: 0,
    rows: 0,
    readsAfterRollover: 0,
  };
  const seen = new Map<string, number>();
  let mark: Watermark | undefined;
  let lastSeq = 0n;
  let firstError: string | undefined;
  say({ type: 'ready' });
  for (let turnNumber = 0; !stop.aborted; turnNumber += 1) {
    const symbol = job.symbols[turnNumber % job.symbols.length] ?? '';
    try {
      const result = await query.ticks({
        exchange: job.exchange,
        symbol,
        from: job.from,
        to: job.to,
        onUnknownSymbol: 'empty',
        onGap: 'report',
      });
      const ms = wallMs();
      const seqs = (await result.columns()).seq;
      counts.reads += 1;
      counts.rows += seqs.length;
      counts.duplicates += seqs.length - new Set(seqs).size;
      if (
        seqs.length < (seen.get(symbol) ?? 0) ||
        (mark && isLower(result.watermark, mark, job.exchange))
      )
        counts.stepsBack += 1;
      seen.set(symbol, seqs.length);
      mark = result.watermark;
      if (result.files.length > 0) counts.readsAfterRollover += 1;
      if (counts.readsAfterRollover === HISTORY_READS) say({ type: 'saw_history' });
      const seq = mark.live[job.exchange]?.seq ?? 0n;
      if (seq > lastSeq) say({ type: 'saw', seq, ms });
      lastSeq = seq > lastSeq ? seq : lastSeq;
    } catch (error) {
      // Counted and told: an error of a reader is a failed acceptance test.
      counts.errors += 1;
      firstError ??= (error as Error).stack ?? String(error);
    }
    await turn();
  }
  say({ type: 'done', counts, firstError });
});

function isLower(now: Watermark, before: Watermark, exchange: string): boolean {
  const [a, b] = [now.live[exchange], before.live[exchange]];
  return (
    now.manifestVersion < before.manifestVersion ||
    (a !== undefined && b !== undefined && a.seq < b.seq)
  );
}
