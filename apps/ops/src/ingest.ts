import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { SessionCalendar } from '@tb/calendar';
import type { Ack, LiveBuffer } from '@tb/live';
import type { Kind, Layout } from '@tb/schema';
import { OpsError } from './errors.ts';
import { type Block, candleBlocks, type RejectedRow, tickBlocks } from './input/blocks.ts';
import { type Input, inputOf } from './input/cell-source.ts';
import { inputError } from './input/input-error.ts';
import type { InputOptions } from './input/input-options.ts';
import { openRejects, type Rejects } from './input/rejects.ts';
import type { Progress } from './progress.ts';

export interface IngestOptions {
  readonly files: readonly string[];
  readonly input: InputOptions;
  /** The trading date of all rows; a row outside its window is rejected. Without it the calendar decides by time. */
  readonly tradingDate?: string | undefined;
  /** Name of a feed on stdin, whose column `source_seq` makes a redelivery a duplicate. */
  readonly source?: string | undefined;
  readonly allowEmpty?: boolean | undefined;
}

export interface IngestCounts {
  rowsRead: number;
  rowsAccepted: number;
  rowsDuplicate: number;
  rowsRejected: number;
  /** Accepted after the freeze of their date: durable, visible after a correction. */
  rowsLate: number;
}

export interface IngestResult extends IngestCounts {
  readonly status: 'ingested' | 'already_ingested' | 'interrupted';
  readonly rejectedFile: string | null;
}

export interface IngestTools {
  readonly live: LiveBuffer;
  readonly layout: Layout;
  readonly calendar: SessionCalendar;
  readonly stdin: Readable;
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  readonly progress: Progress;
}

/** Batches on their way to the disk at once: enough to keep the writer busy, few enough to bound memory. */
const IN_FLIGHT = 16;

/**
 * Appends files, or what comes on stdin, to the live buffer. A file is read twice: once to its end, so that a truncated or
 * unreadable one stores nothing, and once to store it. Its rows carry (sha256 of the file, row number), so that a second
 * run stores nothing twice and an interrupted one goes on where it stopped.
 *
 * @throws `INPUT_*`, `COLUMN_MISSING`, `TIME_ZONE_MISSING`, `NO_SESSION`, `ALL_ROWS_REJECTED`
 */
export async function ingest(options: IngestOptions, tools: IngestTools): Promise<IngestResult> {
  const { tradingDate, input } = options;
  if (tradingDate !== undefined && !tools.calendar.sessionOf(tradingDate))
    throw new OpsError(
      'NO_SESSION',
      `Exchange ${tools.calendar.exchange} has no session on ${tradingDate}`,
    );
  const inputs = options.files.map((name) => inputOf(name, input.format));
  const sources = new Map<Input, string | undefined>();
  for (const each of inputs) sources.set(each, await checkedSource(each, options, tools));
  const counts: IngestCounts = {
    rowsRead: 0,
    rowsAccepted: 0,
    rowsDuplicate: 0,
    rowsRejected: 0,
    rowsLate: 0,
  };
  const rejects = openRejects(tools.layout, 'ingest', tools.startedAt);
  let isInterrupted = false;
  let rejectedFile: string | undefined;
  try {
    for (const [each, source] of sources) {
      isInterrupted = !(await appendInput(each, source, options, tools, counts, rejects));
      if (isInterrupted) break;
    }
  } finally {
    rejectedFile = rejects.close();
    tools.progress.end();
  }
  assertSome(counts, options, rejectedFile);
  const isOld = counts.rowsAccepted === 0 && counts.rowsDuplicate > 0;
  const status = isInterrupted ? 'interrupted' : isOld ? 'already_ingested' : 'ingested';
  return { status, ...counts, rejectedFile: rejectedFile ?? null };
}

function assertSome(
  counts: IngestCounts,
  options: IngestOptions,
  rejectedFile: string | undefined,
): void {
  if (counts.rowsRead === 0 && options.allowEmpty !== true)
    throw new OpsError('INPUT_EMPTY', `No rows in ${options.files.join(', ')}`);
  if (counts.rowsRead > 0 && counts.rowsRejected === counts.rowsRead)
    throw new OpsError(
      'ALL_ROWS_REJECTED',
      `All ${counts.rowsRead} rows were rejected; the reasons are in ${rejectedFile}`,
    );
}

/** Reads a file to its end without storing anything. @returns the source key of its rows: the file's sha256. */
async function checkedSource(
  input: Input,
  options: IngestOptions,
  tools: IngestTools,
): Promise<string | undefined> {
  if (input.name === '-') return options.source;
  for await (const _block of blocksOf(input, options.input, tools)) if (tools.signal.aborted) break;
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(input.name)) hash.update(chunk as Buffer);
  } catch (error) {
    throw inputError(input.name, error);
  }
  return `sha256:${hash.digest('hex')}`;
}

function blocksOf(
  input: Input,
  options: InputOptions,
  tools: IngestTools,
): AsyncIterable<Block<AnyBatch>> {
  const startOf = (date: string): bigint | undefined => tools.calendar.sessionOf(date)?.open;
  return options.kind === 'ticks'
    ? tickBlocks(input, options, tools.stdin)
    : candleBlocks(input, options, tools.stdin, startOf);
}

type AnyBatch = Parameters<LiveBuffer['append']>[0] | Parameters<LiveBuffer['appendCandles']>[0];

/** @returns false when it was asked to stop before the end. What was sent is acknowledged either way. */
async function appendInput(
  input: Input,
  source: string | undefined,
  options: IngestOptions,
  tools: IngestTools,
  counts: IngestCounts,
  rejects: Rejects,
): Promise<boolean> {
  const pending: Promise<void>[] = [];
  const settle = async (block: Block<AnyBatch>): Promise<void> => {
    const ack = await send(block, input, source, options, tools);
    counts.rowsAccepted += ack.rows;
    counts.rowsDuplicate += ack.duplicates;
    counts.rowsLate += ack.late;
    counts.rowsRejected += ack.rejected.length;
    rejects.add(
      ack.rejected.map(
        ({ row, reason }): RejectedRow => ({
          file: input.name,
          row: Number(block.rows[row]),
          reason,
          raw: block.raw(row),
        }),
      ),
    );
  };
  try {
    for await (const block of blocksOf(input, options.input, tools)) {
      counts.rowsRead += block.rowsRead;
      counts.rowsRejected += block.rejected.length;
      rejects.add(block.rejected);
      tools.progress.update(counts.rowsRead);
      if (block.rows.length > 0) pending.push(watched(settle(block)));
      if (pending.length >= IN_FLIGHT) await pending.shift();
      if (tools.signal.aborted) return false;
    }
    return true;
  } finally {
    await Promise.all(pending);
  }
}

/** A failure is thrown where the promise is awaited, below; until then it must not count as unhandled. */
function watched(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

async function send(
  block: Block<AnyBatch>,
  input: Input,
  source: string | undefined,
  options: IngestOptions,
  tools: IngestTools,
): Promise<Ack> {
  const sourceSeq = input.name === '-' ? block.sourceSeq : block.rows;
  const batch =
    source === undefined || sourceSeq === undefined
      ? block.batch
      : { ...block.batch, source, sourceSeq };
  const append = { tradingDate: options.tradingDate };
  if (options.input.kind === 'ticks')
    return tools.live.append(batch as Parameters<LiveBuffer['append']>[0], append);
  return tools.live.appendCandles(batch as Parameters<LiveBuffer['appendCandles']>[0], append);
}

/** What `--kind` says. @throws `BAD_OPTION` */
export function assertKind(value: string): Kind {
  if (value !== 'ticks' && value !== 'candles')
    throw new OpsError('BAD_OPTION', `--kind ${value} is not one of ticks, candles`);
  return value;
}
