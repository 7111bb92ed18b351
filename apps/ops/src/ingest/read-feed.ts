import { PassThrough, type Readable } from 'node:stream';
import type { SessionCalendar } from '@tb/calendar';
import type { Input } from '../input/cell-source.ts';
import type { InputOptions } from '../input/input-options.ts';
import type { FeedPresence } from './feed-presence.ts';
import { inputBlocks } from './input-blocks.ts';
import { feedBatches } from './keyed-batches.ts';
import type { RowSink } from './row-sink.ts';

export interface FeedParts {
  readonly options: InputOptions;
  readonly calendar: SessionCalendar;
  readonly sink: RowSink;
  readonly presence: FeedPresence;
  /** Source of rows that name none. */
  readonly source: string | undefined;
  /** Reads no further; what was read is stored. */
  readonly stop: AbortSignal;
}

/**
 * Stores the rows of a stream as they come, until it ends or is told to stop. Reads no faster than rows can be stored, so
 * that the sender waits and not the memory fills.
 *
 * @returns when every row that was read is settled
 * @throws what is wrong with the stream as a whole; `put` of the sink
 */
export async function readFeed(stream: Readable, input: Input, parts: FeedParts): Promise<void> {
  const { sink, presence } = parts;
  const bytes = stoppable(stream, parts.stop);
  let settled: Promise<void> = Promise.resolve();
  try {
    for await (const block of inputBlocks(input, parts.options, parts.calendar, bytes)) {
      const batches = feedBatches(block, parts.source);
      const put = await sink.put(block, batches);
      settled = settled.then(() => put.settled);
      await presence.seen(input, batches);
    }
  } finally {
    await settled;
    await presence.ended(input);
  }
}

/** The stream, until the stop; what the process has read by then is given, and a stream that fails, fails here too. */
function stoppable(stream: Readable, stop: AbortSignal): Readable {
  const bytes = new PassThrough();
  const end = (): void => {
    stream.unpipe(bytes);
    stream.pause();
    for (
      let rest = stream.read();
      rest !== null;
      rest = stream.readableLength ? stream.read() : null
    )
      bytes.write(rest);
    bytes.end();
  };
  stream.on('error', (error: Error) => bytes.destroy(error));
  bytes.on('close', () => {
    stop.removeEventListener('abort', end);
    stream.unpipe(bytes);
  });
  stream.pipe(bytes);
  if (stop.aborted) end();
  else stop.addEventListener('abort', end, { once: true });
  return bytes;
}
