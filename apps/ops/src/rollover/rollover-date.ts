import {
  type BuiltFile,
  discardFiles,
  type Explanation,
  type FileEntry,
  type ManifestSnapshot,
  type PlaceStep,
  publishFiles,
} from '@tb/history';
import type { LiveBuffer, LiveDayState, PublishedProof } from '@tb/live';
import { OpsError } from '../errors.ts';
import { findingsOf, gateError, keptFinding } from '../gates.ts';
import { startWorker, type Worker } from '../worker/run-worker.ts';
import { conflict, splitPublished } from './published-elsewhere.ts';
import { frozenSeqOf, type RolloverBuild, type RolloverJob } from './rollover-job.ts';
import { type RolledDate, type RolloverTools, withManifest } from './rollover-tools.ts';

export interface RolloverDateOptions {
  readonly tradingDate: string;
  readonly dryRun: boolean;
  readonly explained: readonly Explanation[];
  readonly expectedSymbols: readonly string[] | undefined;
}

type BuildWorker = Worker<RolloverJob, RolloverBuild>;

/** Rows that arrive while a date is built are taken in so often; then the rollover gives up until it is run again. */
const MAX_ROUNDS = 3;

/**
 * One trading date from the live buffer into day files: OPEN, FROZEN, BUILT, READY, PUBLISHED, CLEARED. The commit point is
 * one manifest transaction. A rerun asks the manifest first, so every interruption is completed by the same call.
 *
 * @throws `GATE_FAILED` with nothing published, `DATE_CONFLICT`, and what live and history throw.
 */
export async function rolloverDate(
  options: RolloverDateOptions,
  tools: RolloverTools,
): Promise<RolledDate> {
  const { tradingDate } = options;
  const { live, layout } = tools;
  const before = await withManifest(tools, (writer) => Promise.resolve(writer.snapshot()));
  if (isDone(before, options, tools)) return await finish(options, tools, before);
  if (options.dryRun) return await plan(options, tools, before);
  using first = startBuild(tools); // it loads the engine while the date is frozen
  let { frozenSeq } = await live.freeze(tradingDate);
  tools.onStep?.('frozen');
  for (let round = 1; ; round += 1) {
    const worker = round === 1 ? first : startBuild(tools);
    const built = await buildDate(options, tools, before, frozenSeq, worker);
    tools.onStep?.('built');
    if (dayOf(live, tradingDate).lateRows === 0) {
      const { files, kept } = await splitPublished(built, tradingDate, live, layout, before);
      await publish(files, frozenSeq, tradingDate, tools);
      await clear(files, frozenSeq, tradingDate, tools);
      const findings = [...findingsOf(built.gates), ...kept.map((file) => keptFinding(file))];
      return { date: tradingDate, status: 'promoted', files, rows: built.rows, findings };
    }
    await discardFiles(layout, built.files);
    if (round === MAX_ROUNDS)
      throw new OpsError(
        'DATE_BUSY',
        `${live.exchange} ${tradingDate} still receives rows after ${MAX_ROUNDS} rounds`,
      );
    frozenSeq = (await live.absorbLate(tradingDate)).frozenSeq;
  }
}

/** Whether this rollover published the date before, or the live buffer has nothing of a date that is published. */
function isDone(
  snapshot: ManifestSnapshot,
  { tradingDate }: RolloverDateOptions,
  { live }: RolloverTools,
): boolean {
  const published = snapshot.revisionsOf(live.exchange, tradingDate);
  if (published.some((file) => frozenSeqOf(file.sourceFingerprint) !== undefined)) return true;
  const day = live.dayState(tradingDate);
  return published.length > 0 && (!day || day.state === 'cleared');
}

/** The manifest lists the date: it was published by this rollover before, and only the clearing may be missing. */
async function finish(
  options: RolloverDateOptions,
  tools: RolloverTools,
  snapshot: ManifestSnapshot,
): Promise<RolledDate> {
  const { tradingDate } = options;
  const { live } = tools;
  const files = snapshot
    .revisionsOf(live.exchange, tradingDate)
    .filter((file) => frozenSeqOf(file.sourceFingerprint) !== undefined);
  const day = live.dayState(tradingDate);
  const done: RolledDate = {
    date: tradingDate,
    status: 'already_promoted',
    files,
    rows: rowsOf(files),
    findings: [],
  };
  if (!day || day.state === 'cleared') return done;
  const [first] = files;
  const frozenSeq = first && frozenSeqOf(first.sourceFingerprint);
  if (day.state !== 'frozen' || frozenSeq === undefined || day.frozenSeq !== frozenSeq)
    throw conflict(live, tradingDate);
  if (!options.dryRun) await clear(files, frozenSeq, tradingDate, tools);
  return done;
}

/** A dry run builds and checks a date and removes the files again. It changes nothing, so the date stays open. */
async function plan(
  options: RolloverDateOptions,
  tools: RolloverTools,
  snapshot: ManifestSnapshot,
): Promise<RolledDate> {
  const built = await buildDate(
    options,
    tools,
    snapshot,
    dayOf(tools.live, options.tradingDate).frozenSeq,
    startBuild(tools),
  );
  return {
    date: options.tradingDate,
    status: 'planned',
    files: [],
    rows: built.rows,
    findings: findingsOf(built.gates),
  };
}

function startBuild(tools: RolloverTools): BuildWorker {
  return startWorker('rollover/rollover-worker.js', {
    signal: tools.signal,
    onStep: (step) => tools.onStep?.(`build ${step}`),
  });
}

async function buildDate(
  options: RolloverDateOptions,
  tools: RolloverTools,
  snapshot: ManifestSnapshot,
  frozenSeq: bigint | undefined,
  worker: BuildWorker,
): Promise<RolloverBuild> {
  const { tradingDate } = options;
  const job: RolloverJob = {
    root: tools.layout.root,
    exchange: tools.live.exchange,
    tradingDate,
    revision: snapshot.nextRevision(tools.live.exchange, tradingDate),
    frozenSeq,
    expectedSymbols: options.expectedSymbols,
    previous: previousFile(tradingDate, snapshot, tools),
    explained: options.explained,
    dryRun: options.dryRun,
    memoryLimitMb: tools.memoryLimitMb,
  };
  const result = await worker.run(job);
  if (!result.ok) throw gateError(`${tools.live.exchange} ${tradingDate}`, result.gates);
  return result;
}

/** A hot file of the session before, to expect its symbols again; undefined when that session is not published. */
function previousFile(
  tradingDate: string,
  snapshot: ManifestSnapshot,
  tools: RolloverTools,
): FileEntry | undefined {
  const { tradingDate: previous } = tools.calendar.previousSession(tradingDate);
  const files = snapshot
    .revisionsOf(tools.live.exchange, previous)
    .filter((file) => file.tier === 'hot');
  return (
    files.findLast((file) => file.kind === 'ticks') ??
    files.findLast((file) => file.timeframe === '1m')
  );
}

/** READY and PUBLISHED: final names in place of what a killed rollover left, then one transaction. */
async function publish(
  files: readonly BuiltFile[],
  frozenSeq: bigint,
  tradingDate: string,
  tools: RolloverTools,
): Promise<void> {
  const { live } = tools;
  // The files were built from a frozen date; a writer that deposed this one may have changed that since.
  const assertCurrent = (): void => {
    live.signal.throwIfAborted();
    if (dayOf(live, tradingDate).frozenSeq !== frozenSeq)
      throw new OpsError(
        'FREEZE_MOVED',
        `${live.exchange} ${tradingDate} is no longer frozen at seq ${frozenSeq}`,
      );
  };
  const onStep = (step: PlaceStep | 'published'): void =>
    tools.onStep?.(step === 'published' ? step : `placed ${step}`);
  await withManifest(tools, (writer) => publishFiles(writer, files, { assertCurrent, onStep }));
}

async function clear(
  files: readonly (BuiltFile | FileEntry)[],
  frozenSeq: bigint,
  tradingDate: string,
  tools: RolloverTools,
): Promise<void> {
  const manifestVersion = await withManifest(tools, async (writer) => writer.snapshot().version);
  const rows = rowsOf(files);
  const publishedProof: PublishedProof = {
    manifestVersion,
    frozenSeq,
    tickRows: rows['ticks'] ?? 0,
    // Candles that stayed behind are derivable from the published ticks.
    candleRows: rows['1m'] ?? candlesOf(tools.live, tradingDate),
  };
  await tools.live.clear(tradingDate, { publishedProof });
  tools.onStep?.('cleared');
}

function rowsOf(files: readonly (BuiltFile | FileEntry)[]): Readonly<Record<string, number>> {
  return Object.fromEntries(files.map((file) => [file.timeframe || 'ticks', file.rows]));
}

function dayOf(live: LiveBuffer, tradingDate: string): LiveDayState {
  const day = live.dayState(tradingDate);
  if (!day)
    throw new OpsError(
      'DATE_ABSENT',
      `The live buffer of ${live.exchange} holds nothing of ${tradingDate}`,
    );
  return day;
}

function candlesOf(live: LiveBuffer, tradingDate: string): number {
  return live.days().find((day) => day.tradingDate === tradingDate)?.candles ?? 0;
}
