import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { calendarOf, type Session } from '@tb/calendar';
import { type FileEntry, Manifest } from '@tb/history';
import { initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { runWorker } from '../worker/run-worker.ts';
import type { Acceptance } from './acceptance/acceptance.ts';
import { backtestIsolation } from './acceptance/backtest-isolation.ts';
import {
  concurrentReadsWork,
  type ReadFigures,
  readFigures,
} from './acceptance/concurrent-reads.ts';
import { healthCheckPasses } from './acceptance/health-check-passes.ts';
import { historicalDataImmutable } from './acceptance/historical-data-immutable.ts';
import { rolloverAtomic } from './acceptance/rollover-atomic.ts';
import { singleWriterEnforced } from './acceptance/single-writer-enforced.ts';
import { type Child, startChild } from './child.ts';
import type { ExecutionJob, ExecutionMessage } from './execution-worker.ts';
import { type Feed, feedBatches } from './feed.ts';
import type { IngestorJob, IngestorMessage } from './ingestor-worker.ts';
import { backUp, ordersInRoot, proveBackups } from './keep-safe.ts';
import { digestOf, expectedDigest } from './ledger.ts';
import type { ReaderJob, ReaderMessage } from './reader-worker.ts';
import type { DemoRolloverJob, DemoRolloverResult } from './rollover-worker.ts';
import type { ScannerJob, ScannerMessage } from './scanner-worker.ts';

export interface DemoOptions {
  /** A folder that exists and is empty; the data root and scratch roots are made in it. */
  readonly folder: string;
  readonly exchange: string;
  readonly tradingDate: string;
  readonly feed: Feed;
  readonly rowsPerSecond: number;
  readonly readers: number;
  /** A line for people, as things happen. */
  readonly say: (line: string) => void;
}

export interface DemoReport {
  readonly root: string;
  readonly rowsSent: number;
  readonly rowsAcked: number;
  readonly orders: number;
  readonly signals: number;
  readonly acceptance: readonly Acceptance[];
}

/** The processes of a trading day, while it runs. */
interface Day {
  readonly readers: readonly Child<ReaderMessage>[];
  readonly execution: Child<ExecutionMessage>;
  readonly scanner: Child<ScannerMessage>;
}

/** The day that is killed at every step: small, and the same whatever the demo shows. */
const SMALL_DAY = { exchange: 'nse', tradingDate: '2026-02-02' } as const;

/** Share of the feed after which the ingestor is killed. */
const KILL_AT = 0.4;

/** The main job in one go: see docs/cli.md. Everything it prints was measured in this run. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const layout = layoutOf(join(options.folder, 'data'));
  const { say, exchange, tradingDate } = options;
  await initialiseRoot(layout);
  say(`data root    ${layout.root}`);
  const session = calendarOf(exchange).sessionOf(tradingDate);
  if (!session)
    throw new OpsError('NO_SESSION', `Exchange ${exchange} has no session on ${tradingDate}`);
  const feed = await surveyFeed(options.feed, session);
  say(
    `feed         ${feed.rows.toLocaleString('en-US')} ticks of ${feed.symbols.length} symbols, ${exchange} ${tradingDate}`,
  );
  const day = await startDay(options, layout, session, feed.symbols);
  const acks = await ingestWithKill(options, layout, feed.rows);
  await rollOver(options, layout, day);
  const backups = await backUp(layout);
  const figures = await endDay(day, acks);
  const written = writtenBy(day);
  await sayWritten(options, layout, written, backups);
  const isLedgerEqual = await compareLedger(options, layout);
  const acceptance = await acceptanceTests(options, layout, {
    figures,
    isLedgerEqual,
    session,
    symbols: feed.symbols,
  });
  const rowsAcked = acks.reduce((sum, ack) => sum + (ack.type === 'ack' ? ack.rows : 0), 0);
  return { root: layout.root, rowsSent: feed.rows, rowsAcked, ...written, acceptance };
}

async function rollOver(options: DemoOptions, layout: Layout, day: Day): Promise<void> {
  const { exchange, tradingDate, readers, say } = options;
  const startedMs = performance.now();
  const job: DemoRolloverJob = { root: layout.root, exchange, tradingDate };
  const { status } = await runWorker<DemoRolloverResult>('demo/rollover-worker.js', job);
  say(
    `rollover     ${status} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s while ${readers} readers read`,
  );
  await Promise.all(
    day.readers.map((reader) => reader.waitFor((message) => message.type === 'saw_history')),
  );
}

/** Every acknowledged order must be in the database; the backup was taken while they were written. */
async function sayWritten(
  options: DemoOptions,
  layout: Layout,
  written: { readonly orders: number; readonly signals: number },
  backups: number,
): Promise<void> {
  const stored = await ordersInRoot(layout);
  const { ordersRestored, drillMs } = await proveBackups(layout, join(options.folder, 'restored'));
  options.say(
    `execution    ${written.orders} orders acknowledged, ${stored.orders} stored, ${stored.trades} fills; scanner ${written.signals} signals`,
  );
  options.say(
    `backup       ${backups} databases while they were written; restored beside: ${ordersRestored} orders; drill of everything in ${(drillMs / 1000).toFixed(1)} s`,
  );
  if (stored.orders < written.orders || stored.trades < written.orders)
    throw new OpsError(
      'DEMO_FAILED',
      `${written.orders} orders were acknowledged, ${stored.orders} are stored`,
    );
}

/** What was sent and what is there, as bags of rows. */
async function compareLedger(
  { feed, exchange, tradingDate, say }: DemoOptions,
  layout: Layout,
): Promise<boolean> {
  const [sent, found] = [
    await expectedDigest(feed, exchange, tradingDate),
    await digestOf(layout.root, exchange, tradingDate),
  ];
  say(`ledger       sent ${sent}; found ${found}: ${sent === found ? 'equal' : 'DIFFERENT'}`);
  return sent === found;
}

async function surveyFeed(
  feed: Feed,
  session: Session,
): Promise<{ rows: number; symbols: string[] }> {
  const symbols = new Set<string>();
  let rows = 0;
  for await (const batch of feedBatches(feed, session)) {
    rows += batch.ts.length;
    for (const symbol of batch.symbol) symbols.add(symbol);
  }
  return { rows, symbols: [...symbols].sort() };
}

async function startDay(
  options: DemoOptions,
  layout: Layout,
  session: Session,
  symbols: readonly string[],
): Promise<Day> {
  const { root } = layout;
  const { exchange } = options;
  const readers = Array.from({ length: options.readers }, () =>
    startChild<ReaderMessage>('reader-worker.js', {
      root,
      exchange,
      from: session.windowFrom,
      to: session.windowTo,
      symbols,
    } satisfies ReaderJob),
  );
  const execution = startChild<ExecutionMessage>('execution-worker.js', {
    root,
    exchange,
    symbols,
  } satisfies ExecutionJob);
  const scanner = startChild<ScannerMessage>('scanner-worker.js', {
    root,
    exchange,
    symbols,
  } satisfies ScannerJob);
  await Promise.all(
    [...readers, execution, scanner].map((child) =>
      (child as Child<{ type: string }>).waitFor((message) => message.type === 'ready'),
    ),
  );
  options.say(
    `processes    ${options.readers} readers (pids ${readers.map((reader) => reader.pid).join(' ')}), execution, scanner`,
  );
  return { readers, execution, scanner };
}

/** The ingestor, killed once with SIGKILL on the way, and a second one that goes on after the last acknowledged row. */
async function ingestWithKill(
  options: DemoOptions,
  layout: Layout,
  rows: number,
): Promise<IngestorMessage[]> {
  const { exchange, tradingDate, feed, rowsPerSecond } = options;
  const job = (after: bigint): IngestorJob => ({
    root: layout.root,
    exchange,
    tradingDate,
    feed,
    after,
    rowsPerSecond,
  });
  const first = startChild<IngestorMessage>('ingestor-worker.js', job(0n));
  await first.waitFor(
    (message) => message.type === 'ack' && Number(message.through) >= rows * KILL_AT,
  );
  first.kill('SIGKILL');
  await first.ended;
  const killedAt = performance.now();
  const after = first.messages.reduce(
    (last, message) => (message.type === 'ack' ? message.through : last),
    0n,
  );
  options.say(
    `ingestor     killed with SIGKILL (pid ${first.pid}) after ${after.toLocaleString('en-US')} acknowledged ticks`,
  );
  const second = startChild<IngestorMessage>('ingestor-worker.js', job(after));
  await second.waitFor((message) => message.type === 'ready');
  const recoveredMs = performance.now() - killedAt;
  const done = await second.waitFor((message) => message.type === 'done');
  await second.ended;
  const messages = [...first.messages, ...second.messages];
  const again = messages.reduce(
    (sum, message) => sum + (message.type === 'ack' ? message.duplicates : 0),
    0,
  );
  options.say(
    `ingestor     back after ${recoveredMs.toFixed(0)} ms (pid ${second.pid}), ${again} committed but unacknowledged ticks recognised, ${done.type === 'done' ? done.segments : 0} segments sealed`,
  );
  return messages;
}

async function endDay(day: Day, acks: readonly IngestorMessage[]): Promise<ReadFigures> {
  await Promise.all([...day.readers, day.execution, day.scanner].map((child) => child.stop()));
  for (const reader of day.readers) {
    const done = await reader.waitFor((message) => message.type === 'done');
    if (done.type === 'done' && done.firstError !== undefined)
      throw new OpsError('WORKER_FAILED', `A reader failed: ${done.firstError}`);
  }
  return readFigures(
    day.readers.map((reader) => reader.messages),
    acks,
  );
}

function writtenBy(day: Day): { orders: number; signals: number } {
  const orders = day.execution.messages.reduce(
    (last, message) => (message.type === 'ack' ? message.orders : last),
    0,
  );
  const signals = day.scanner.messages.reduce(
    (last, message) => (message.type === 'done' ? message.signals : last),
    0,
  );
  return { orders, signals };
}

interface Measured {
  readonly figures: ReadFigures;
  readonly isLedgerEqual: boolean;
  readonly session: Session;
  readonly symbols: readonly string[];
}

async function acceptanceTests(
  options: DemoOptions,
  layout: Layout,
  measured: Measured,
): Promise<Acceptance[]> {
  const { exchange, tradingDate, folder } = options;
  const file = publishedFile(layout, exchange, tradingDate);
  const atomic = join(folder, 'atomic');
  await mkdir(atomic);
  const isolation = await backtestIsolation(layout, exchange, measured.session, measured.symbols);
  const single = await singleWriterEnforced(join(folder, 'race'));
  const rolled = await rolloverAtomic(atomic, SMALL_DAY.exchange, SMALL_DAY.tradingDate);
  return [
    await historicalDataImmutable(layout, file),
    isolation,
    single,
    concurrentReadsWork(measured.figures),
    { ...rolled, isPassed: rolled.isPassed && measured.isLedgerEqual },
    await healthCheckPasses(layout, file),
  ];
}

function publishedFile(layout: Layout, exchange: string, tradingDate: string): FileEntry {
  using manifest = Manifest.openReader(layout);
  const [file] = manifest.snapshot().revisionsOf(exchange, tradingDate);
  if (!file) throw new OpsError('DATE_ABSENT', `${exchange} ${tradingDate} is not published`);
  return file;
}
