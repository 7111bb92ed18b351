import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionCalendar } from '@tb/calendar';
import type { LiveBuffer } from '@tb/live';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { assertSession } from '../ingest.ts';
import type { Input } from '../input/cell-source.ts';
import { inputError } from '../input/input-error.ts';
import type { InputFormat, InputOptions } from '../input/input-options.ts';
import { openRejects } from '../input/rejects.ts';
import { FeedPresence } from './feed-presence.ts';
import { openFeedSocket } from './feed-socket.ts';
import { meterLine } from './meter-line.ts';
import { type FeedParts, readFeed } from './read-feed.ts';
import { type IngestCounts, RowSink } from './row-sink.ts';

export interface FollowOptions {
  /** Parsed for a feed: rows may name their source. */
  readonly input: InputOptions;
  /** Path of a Unix socket to listen on; undefined: stdin. */
  readonly socket?: string | undefined;
  /** The trading date of all rows; without it the calendar decides by time. */
  readonly tradingDate?: string | undefined;
  /** Source of rows that name none: its `source_seq` makes a redelivery a duplicate. */
  readonly source?: string | undefined;
}

export interface FollowTools {
  readonly live: LiveBuffer;
  readonly layout: Layout;
  readonly calendar: SessionCalendar;
  readonly stdin: Readable;
  /** Stops reading; what was read is stored. */
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  log(line: string): void;
  /** How often figures are logged. Default 10,000. */
  readonly meterMs?: number | undefined;
}

export interface FollowResult extends IngestCounts {
  readonly status: 'stopped';
  /** The end of stdin, or a signal. */
  readonly stoppedBy: 'end' | 'signal';
  /** Clients of the socket; 0 on stdin. */
  readonly connections: number;
  /** Of these, clients whose rows could not be read: wrong columns, no CSV, a time without a zone. */
  readonly connectionsFailed: number;
  readonly rejectedFile: string | null;
}

const METER_MS = 10_000;

/**
 * Stores rows of a feed as they come, without waiting for more (open the live buffer with `flushMs: 0`). Ends with the end
 * of stdin or by the signal, when everything that was read is settled. A row counts when its newline has come.
 *
 * @throws `NO_SESSION`, `SOCKET_IN_USE`, `BAD_OPTION` for Parquet; on stdin `COLUMN_MISSING`, `INPUT_UNREADABLE`, `TIME_ZONE_MISSING`, which on a
 *   socket end the one connection; and what the live buffer fails with: nothing more is read then.
 */
export async function follow(options: FollowOptions, tools: FollowTools): Promise<FollowResult> {
  assertSession(options.tradingDate, tools.calendar);
  if (options.input.format === 'parquet')
    throw new OpsError('BAD_OPTION', 'Parquet has no rows before its end; a feed is csv or jsonl');
  const { live, log } = tools;
  const { kind } = options.input;
  const rejects = openRejects(tools.layout, 'ingest', tools.startedAt);
  const sink = new RowSink({ live, kind, tradingDate: options.tradingDate, rejects });
  const parts: FeedParts = {
    options: options.input,
    calendar: tools.calendar,
    sink,
    presence: new FeedPresence(live, () => BigInt(Date.now()) * 1_000_000n),
    source: options.source,
    stop: AbortSignal.any([tools.signal, sink.signal, live.signal]),
  };
  const meter = meterLine(live, sink.counts);
  const timer = setInterval(() => log(meter()), tools.meterMs ?? METER_MS);
  const clients = { connections: 0, connectionsFailed: 0 };
  let rejectedFile: string | undefined;
  try {
    if (options.socket === undefined)
      await readFeed(tools.stdin, inputNamed('-', options.input), parts);
    else await serveSocket(options.socket, parts, clients, log);
    await sink.drained();
    live.signal.throwIfAborted();
  } finally {
    clearInterval(timer);
    tools.stdin.destroy(); // a pipe that stays open would keep the process
    rejectedFile = rejects.close();
  }
  const stoppedBy = tools.signal.aborted ? 'signal' : 'end';
  return {
    status: 'stopped',
    stoppedBy,
    ...sink.counts,
    ...clients,
    rejectedFile: rejectedFile ?? null,
  };
}

function inputNamed(name: string, { format = 'csv' }: { format?: InputFormat | undefined }): Input {
  return { name, format, isGzip: false, isFeed: true };
}

interface Clients {
  connections: number;
  connectionsFailed: number;
}

/** Serves every client until the stop; one that sends nonsense is told and closed, the others go on. */
async function serveSocket(
  path: string,
  parts: FeedParts,
  clients: Clients,
  log: (line: string) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const server = await openFeedSocket(path, (socket) => {
    clients.connections += 1;
    const input = inputNamed(`${path}#${clients.connections}`, parts.options);
    const served = serveClient(socket, input, parts, log).then((isFine) => {
      if (!isFine) clients.connectionsFailed += 1;
      running.delete(served);
    });
    running.add(served);
  });
  log(`listening on ${path}`);
  try {
    if (!parts.stop.aborted)
      await new Promise((resolve) => parts.stop.addEventListener('abort', resolve, { once: true }));
  } finally {
    server.close();
  }
  await Promise.all(running);
}

/** A client that does not read is cut off after this. */
const LAST_WORD_MS = 1000;

/**
 * Stores what one client sends. It is sent nothing while it sends; when it has ended its side and every row is settled, this
 * side ends too: that is its acknowledgement. A client that sends nonsense is sent `{"error": {code, message}}` and cut off.
 *
 * @returns whether its rows could be read to the end
 */
async function serveClient(
  socket: Socket,
  input: Input,
  parts: FeedParts,
  log: (line: string) => void,
): Promise<boolean> {
  let lastWord = '';
  try {
    await readFeed(socket, input, parts);
  } catch (error) {
    if (!parts.sink.signal.aborted) {
      // What a client did wrong is the client's. The failure of the sink ends the command, and is thrown there.
      const { code, message } = inputError(input.name, error);
      log(`feed ${input.name}: ${code}: ${message}`);
      lastWord = `${JSON.stringify({ error: { code, message } })}\n`;
    }
  }
  const ended = new Promise<void>((resolve) => socket.end(lastWord, () => resolve()));
  await Promise.race([ended, sleep(LAST_WORD_MS, undefined, { ref: false })]);
  socket.destroy();
  return lastWord === '';
}
