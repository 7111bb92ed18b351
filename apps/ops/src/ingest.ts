import type { Readable } from 'node:stream';
import type { SessionCalendar } from '@tb/calendar';
import type { LiveBuffer } from '@tb/live';
import type { Kind, Layout } from '@tb/schema';
import { OpsError } from './errors.ts';
import { inputBlocks } from './ingest/input-blocks.ts';
import { feedBatches, fileBatches } from './ingest/keyed-batches.ts';
import { type IngestCounts, RowSink } from './ingest/row-sink.ts';
import { type Input, inputOf, sha256Of } from './input/cell-source.ts';
import type { InputOptions } from './input/input-options.ts';
import { openRejects } from './input/rejects.ts';
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

/**
 * Appends files, or what comes on stdin, to the live buffer. A file is read twice: once to its end, so that a truncated or
 * unreadable one stores nothing, and once to store it. Its rows carry (sha256 of the file, row number), so that a second
 * run stores nothing twice and an interrupted one goes on where it stopped.
 *
 * @throws `INPUT_*`, `COLUMN_MISSING`, `TIME_ZONE_MISSING`, `NO_SESSION`, `ALL_ROWS_REJECTED`
 */
export async function ingest(options: IngestOptions, tools: IngestTools): Promise<IngestResult> {
  const { tradingDate, input } = options;
  assertSession(tradingDate, tools.calendar);
  const inputs = options.files.map((name) => inputOf(name, input.format));
  const sources = new Map<Input, string | undefined>();
  for (const each of inputs) sources.set(each, await checkedSource(each, options, tools));
  const rejects = openRejects(tools.layout, 'ingest', tools.startedAt);
  const sink = new RowSink({ live: tools.live, kind: input.kind, tradingDate, rejects });
  let isInterrupted = false;
  let rejectedFile: string | undefined;
  try {
    for (const [each, source] of sources) {
      isInterrupted = !(await appendInput(each, source, options, tools, sink));
      if (isInterrupted) break;
    }
  } finally {
    rejectedFile = rejects.close();
    tools.progress.end();
  }
  const { counts } = sink;
  if (!isInterrupted) assertSome(counts, options, rejectedFile);
  const isOld = counts.rowsAccepted === 0 && counts.rowsDuplicate > 0;
  const status = isInterrupted ? 'interrupted' : isOld ? 'already_ingested' : 'ingested';
  return { status, ...counts, rejectedFile: rejectedFile ?? null };
}

/** @throws `NO_SESSION` when a date is named on which the exchange does not trade */
export function assertSession(tradingDate: string | undefined, calendar: SessionCalendar): void {
  if (tradingDate !== undefined && !calendar.sessionOf(tradingDate))
    throw new OpsError(
      'NO_SESSION',
      `Exchange ${calendar.exchange} has no session on ${tradingDate}`,
    );
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
  for await (const _block of inputBlocks(input, options.input, tools.calendar, tools.stdin))
    if (tools.signal.aborted) break;
  return `sha256:${await sha256Of(input)}`;
}

/** @returns false when it was asked to stop before the end. What was handed over is settled either way. */
async function appendInput(
  input: Input,
  source: string | undefined,
  options: IngestOptions,
  tools: IngestTools,
  sink: RowSink,
): Promise<boolean> {
  const isFile = input.name !== '-';
  try {
    for await (const block of inputBlocks(input, options.input, tools.calendar, tools.stdin)) {
      if (isFile && tools.signal.aborted) return false; // perhaps before the file was checked to its end
      const batches = isFile && source ? fileBatches(block, source) : feedBatches(block, source);
      await sink.put(block, batches);
      tools.progress.update(sink.counts.rowsRead);
      if (!isFile && tools.signal.aborted) return false; // what was read of a pipe is stored
    }
    return true;
  } finally {
    await sink.drained();
  }
}

/** What `--kind` says. @throws `BAD_OPTION` */
export function assertKind(value: string): Kind {
  if (value !== 'ticks' && value !== 'candles')
    throw new OpsError('BAD_OPTION', `--kind ${value} is not one of ticks, candles`);
  return value;
}
