import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import type { Ack } from '@tb/live';
import type { TickBatch } from '@tb/schema';
import { FeedPresence } from '../../src/ingest/feed-presence.ts';
import { feedBatches } from '../../src/ingest/keyed-batches.ts';
import { readFeed } from '../../src/ingest/read-feed.ts';
import { RowSink } from '../../src/ingest/row-sink.ts';
import { tickBlocks } from '../../src/input/blocks.ts';
import { parseInputOptions } from '../../src/input/input-options.ts';
import type { Rejects } from '../../src/input/rejects.ts';

const OPTIONS = parseInputOptions('ticks', '', { tsFormat: 'ns' }, true);
const INPUT = { name: 'feed', format: 'csv', isGzip: false, isFeed: true } as const;
const HEADER = 'symbol,ts,price,volume,source_seq,source\n';
const rejects: Rejects = {
  count: 0,
  add: () => undefined,
  close: () => undefined,
  discard: () => undefined,
};

/** A live buffer whose answers the test gives. */
class HeldBuffer {
  readonly batches: TickBatch[] = [];
  readonly #answers: { resolve(ack: Ack): void; reject(error: unknown): void }[] = [];

  append(batch: TickBatch): Promise<Ack> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  appendCandles(): Promise<Ack> {
    throw new Error('no candles here');
  }

  /** Answers the oldest open call. */
  store(): boolean {
    const batch = this.batches[this.batches.length - this.#answers.length];
    const answer = this.#answers.shift();
    if (answer === undefined || batch === undefined) return false;
    const rows = batch.ts.length;
    const ack = { firstSeq: 1n, lastSeq: 1n, rows, duplicates: 0, rejected: [], late: 0, epoch: 1 };
    answer.resolve(ack);
    return true;
  }

  fail(error: Error): void {
    this.#answers.shift()?.reject(error);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function feedOf(live: HeldBuffer, source: string | undefined) {
  const sink = new RowSink({ live, kind: 'ticks', tradingDate: undefined, rejects });
  const noCoverage = {
    feedConnected: async () => undefined,
    feedDisconnected: async () => undefined,
  };
  const presence = new FeedPresence(noCoverage, () => 0n);
  const stream = new PassThrough();
  const stop = new AbortController();
  const calendar = calendarOf('nse');
  const parts = { options: OPTIONS, calendar, sink, presence, source, stop: stop.signal };
  return { sink, stream, stop, done: readFeed(stream, INPUT, parts) };
}

describe('rows of a feed on their way to the disk', () => {
  test('a sender that is faster than the disk is made to wait', async () => {
    const live = new HeldBuffer();
    const { sink, stream, done } = feedOf(live, undefined);
    const chunk = 'A,1,1,1,,\n'.repeat(1_000);
    stream.write(HEADER);
    let written = 0;
    for (let refused = 0; refused < 20; await turn()) {
      if (stream.writableNeedDrain) refused += 1;
      else {
        stream.write(chunk);
        written += 1_000;
        refused = 0;
      }
    }
    expect(sink.counts.rowsRead).toBeGreaterThan(16_384);
    expect(sink.counts.rowsRead).toBeLessThanOrEqual(32_768 + 8_192);
    stream.end();
    let isDone = false;
    const finished = done.then(() => {
      isDone = true;
    });
    while (!isDone) {
      live.store();
      await turn();
    }
    await finished;
    expect(sink.counts.rowsAccepted).toBe(sink.counts.rowsRead);
    expect(sink.counts.rowsAccepted).toBe(written);
  });

  test('after a failure no later row of the same source is stored, so that sending again stores them all', async () => {
    const live = new HeldBuffer();
    const { sink, stream, done } = feedOf(live, 'feed');
    stream.write(`${HEADER}A,1,1,1,1,\n`);
    while (live.batches.length < 1) await turn();
    stream.write('A,2,1,1,2,\n');
    while (sink.counts.rowsRead < 2) await turn();
    live.fail(new Error('disk'));
    stream.end();
    await done.catch(() => undefined); // the stream itself was fine; the sink tells
    await expect(sink.drained()).rejects.toThrow('disk');
    expect(live.batches).toHaveLength(1);
  });

  test('the stop takes what was read, and nothing more', async () => {
    const live = new HeldBuffer();
    const { sink, stream, stop, done } = feedOf(live, undefined);
    stream.write(`${HEADER}A,1,1,1,,\n`);
    while (live.batches.length < 1) await turn();
    stream.write('A,2,1,1,,\nA,3');
    stop.abort();
    let isDone = false;
    const finished = done.then(() => {
      isDone = true;
    });
    while (!isDone) {
      live.store();
      await turn();
    }
    await finished;
    expect(sink.counts).toMatchObject({ rowsRead: 3, rowsAccepted: 2, rowsRejected: 1 });
  });
});

async function batchesOf(rows: readonly string[], source?: string) {
  const stream = new PassThrough();
  stream.end(`${HEADER}${rows.join('\n')}\n`);
  for await (const block of tickBlocks(INPUT, OPTIONS, stream))
    return feedBatches(block, source).map(({ batch, from }) => [
      from,
      batch.source,
      batch.sourceSeq && [...batch.sourceSeq],
      [...(batch as TickBatch).price],
    ]);
  return [];
}

describe('batches of a feed', () => {
  test('are cut where the numbers fall, where the source changes, and where there are none', async () => {
    const rows = [
      'A,1,1,1,5,',
      'A,1,2,1,7,',
      'A,1,3,1,6,',
      'A,1,4,1,9,b',
      'A,1,5,1,,',
      'A,1,6,1,,',
    ];
    expect(await batchesOf(rows, 'a')).toEqual([
      [0, 'a', [5n, 7n], [1, 2]],
      [2, 'a', [6n], [3]],
      [3, 'b', [9n], [4]],
      [4, 'a', undefined, [5, 6]],
    ]);
  });

  test('numbers above 2^53 stay exact', async () => {
    const seq = 9_007_199_254_740_993n;
    expect(await batchesOf([`A,1,1,1,${seq},`], 'a')).toEqual([[0, 'a', [seq], [1]]]);
  });

  test('without a source the numbers mean nothing', async () => {
    expect(await batchesOf(['A,1,1,1,5,'])).toEqual([[0, undefined, undefined, [1]]]);
  });
});

test('a source is connected from its first current row to the end of its last input', async () => {
  const told: string[] = [];
  const now = 1_000_000_000_000n;
  const presence = new FeedPresence(
    {
      feedConnected: async (source) => void told.push(`+${source}`),
      feedDisconnected: async (source) => void told.push(`-${source}`),
    },
    () => now,
  );
  const rows = (source: string | undefined, ts: bigint) => [
    { from: 0, batch: { source, ts: BigInt64Array.of(ts) } as unknown as TickBatch },
  ];
  const [first, second] = [{}, {}];
  await presence.seen(first, rows('a', now - 3_600_000_000_000n)); // replayed
  await presence.seen(first, rows(undefined, now));
  expect(told).toEqual([]);
  await presence.seen(first, rows('a', now - 5_000_000_000n));
  await presence.seen(second, rows('a', now));
  await presence.ended(first);
  expect(told).toEqual(['+a']);
  await presence.ended(second);
  expect(told).toEqual(['+a', '-a']);
});
