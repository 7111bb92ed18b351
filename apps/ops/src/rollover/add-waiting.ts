import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Manifest } from '@tb/history';
import { lineageOf, liveMarker, type WaitingRows } from '../import/additions.ts';
import type { BuildJob, BuiltDate, ImportDate } from '../import/build-job.ts';
import { publishedBefore } from '../import/plan-dates.ts';
import { publishDate } from '../import/publish-date.ts';
import { publishedSymbols } from '../import/published-symbols.ts';
import { openStageFolder } from '../import/stage-folder.ts';
import { runWorker } from '../worker/run-worker.ts';
import type { CorrectDateOptions } from './correct-date.ts';
import { type RolloverTools, withManifest } from './rollover-tools.ts';
import type { WaitingJob } from './waiting-job.ts';
import type { WaitingPart } from './waiting-rows.ts';

/** Which rows of the live buffer to add. */
export interface AddWaitingOptions extends CorrectDateOptions {
  readonly part: WaitingPart;
  readonly rows: WaitingRows;
  /** Where `rows` begin, exclusive. */
  readonly afterSeq: bigint | undefined;
}

const TICKS = { kind: 'ticks', timeframe: '' } as const;

/**
 * Copies rows of the live buffer into a stage, and publishes them with the published ticks of their date as `tb import --add`
 * does with those of a file. Two that do this at once make the same revision: the second one is refused by the manifest.
 */
export async function addWaiting(
  options: AddWaitingOptions,
  tools: RolloverTools,
): Promise<BuiltDate> {
  const { layout, live } = tools;
  const { tradingDate, part, rows, afterSeq } = options;
  const folder = await openStageFolder(layout);
  try {
    const stagePath = join(folder, 'stage.duckdb');
    const memoryLimitMb = tools.memoryLimitMb ?? 512;
    const waiting: WaitingJob = {
      ...{ root: layout.root, exchange: live.exchange, tradingDate, part, rows, afterSeq },
      ...{ stagePath, memoryLimitMb },
    };
    await runWorker('rollover/waiting-worker.js', waiting, { signal: tools.signal });
    tools.onStep?.('correct staged');
    const job: BuildJob = {
      ...{ root: layout.root, exchange: live.exchange, stagePath, input: TICKS, memoryLimitMb },
      ...{ mode: 'add', numbering: 'live', dryRun: options.dryRun },
      dates: [planAddition(options, tools)],
      symbols: publishedSymbols(layout, live.exchange),
      explained: options.explained,
    };
    const built = await build(job, tools);
    tools.onStep?.('correct built');
    live.signal.throwIfAborted();
    await publishDate(built, job, options, {
      layout,
      manifest: { use: (body) => withManifest(tools, body) },
      onStep: (step) => tools.onStep?.(`correct ${step}`),
    });
    return built;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function build(job: BuildJob, tools: RolloverTools): Promise<BuiltDate> {
  const built: BuiltDate[] = [];
  await runWorker(
    'import/build-worker.js',
    { ...job, task: 'build' },
    {
      signal: tools.signal,
      onStep: (step) => tools.onStep?.(`build ${step}`),
      onEvent: (event) => built.push(event as BuiltDate), // what the build worker emits for this task
    },
  );
  const [only] = built;
  if (!only) throw new TypeError('The build worker answered nothing for its one date');
  return only;
}

function planAddition(options: AddWaitingOptions, { layout, live }: RolloverTools): ImportDate {
  const { tradingDate, rows } = options;
  using manifest = Manifest.openReader(layout);
  const before = publishedBefore(manifest.snapshot(), live.exchange, tradingDate, TICKS);
  return {
    ...{ tradingDate, skippedFiles: [], rows: rows.rows, rowsSkipped: 0 },
    ...before,
    sourceFingerprint: lineageOf(before.origin, before.additions, [liveMarker(rows)]),
  };
}
