import { Readable } from 'node:stream';
import type { Session } from '@tb/calendar';
import type { TickBatch } from '@tb/schema';
import { generateTicks } from '@tb/simulator';
import { tickBlocks } from '../input/blocks.ts';
import { inputOf } from '../input/cell-source.ts';
import type { InputOptions } from '../input/input-options.ts';

/** Where the ticks of the demo come from: the built-in generator, or files. Plain data, so that a child can be told. */
export type Feed =
  | {
      readonly type: 'generator';
      readonly seed: number;
      readonly symbols: number;
      readonly rows: number;
    }
  | { readonly type: 'files'; readonly files: readonly string[]; readonly input: InputOptions };

/** A batch with its numbers: `sourceSeq` counts 1, 2, 3, ... over the whole feed, the same in every run. */
export type FeedBatch = TickBatch & {
  readonly symbol: readonly string[];
  readonly source: string;
  readonly sourceSeq: BigInt64Array;
};

/** The whole feed of one session, batch by batch; equal feeds give equal batches. */
export async function* feedBatches(feed: Feed, session: Session): AsyncGenerator<FeedBatch> {
  if (feed.type === 'generator') {
    yield* generateTicks({
      seed: feed.seed,
      symbols: feed.symbols,
      rows: feed.rows,
      openNs: session.open,
      closeNs: session.close,
    });
    return;
  }
  let next = 1n;
  for (const file of feed.files) {
    for await (const { batch } of tickBlocks(
      inputOf(file, feed.input.format),
      feed.input,
      Readable.from([]),
    )) {
      const sourceSeq = BigInt64Array.from(batch.ts, () => next++);
      if (sourceSeq.length > 0)
        yield { ...batch, symbol: batch.symbol as readonly string[], source: 'files', sourceSeq };
    }
  }
}
