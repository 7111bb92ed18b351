import { access, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type GateResult, ManifestWriter } from '@tb/history';
import { OpsError } from '../errors.ts';
import { findingsOf } from '../gates.ts';
import { openRejects, type Rejects } from '../input/rejects.ts';
import { runWorker } from '../worker/run-worker.ts';
import {
  type BuildJob,
  type BuiltDate,
  type ComparedDate,
  type ImportDate,
  publishedOf,
} from './build-job.ts';
import type { ImportedDate, ImportOptions, ImportResult, ImportTools } from './import-options.ts';
import { ManifestTurns } from './manifest-turns.ts';
import { planDates } from './plan-dates.ts';
import { oldDate, publishDate } from './publish-date.ts';
import { publishedSymbols } from './published-symbols.ts';
import { openStageFolder } from './stage-folder.ts';
import type { StageEvent, StageJob, StageResult } from './stage-job.ts';

/** Of DuckDB in each worker; all of them together stay below 2 GB. */
const MEMORY_MB = 512;

/** Beyond that one process that publishes is the narrow part. */
const MAX_WORKERS = 4;

/**
 * Backfill: files straight into day files, one publication for each trading date. All rows are read and checked before the
 * first date is published; an import that was killed between two dates goes on with the rest when it is run again.
 *
 * A date that is published is refused unless its rows are the same (`already_imported`) or `correction` is given. Symbols
 * that the input does not have keep their rows. With the mode `add` all published rows stay; a file that was added to a date
 * before is not added again.
 *
 * @throws `INPUT_*`, `COLUMN_MISSING`, `TIME_ZONE_MISSING`, `ALL_ROWS_REJECTED`, `DATE_EXISTS`, `DATE_LIVE`, `GATE_FAILED`,
 *   `CANDLES_FROM_TICKS`, `INTERRUPTED`, and what history throws.
 */
export async function importFiles(
  options: ImportOptions,
  tools: ImportTools,
): Promise<ImportResult> {
  for (const file of options.files) await assertReadable(file);
  const folder = await openStageFolder(tools.layout);
  const rejects = openRejects(tools.layout, 'import', tools.startedAt);
  let rejectedFile: string | undefined;
  try {
    const staged = await stage(options, tools, join(folder, 'stage.duckdb'), rejects);
    rejectedFile = options.dryRun === true ? rejects.discard() : rejects.close();
    assertSome(staged, rejects, options, rejectedFile);
    const mode = options.mode ?? 'replace';
    const { exchange, input } = options;
    const { layout, startedAt } = tools;
    const dates = planDates({ exchange, layout, input, mode, startedAt }, staged);
    const job = jobOf(options, tools, staged, dates, join(folder, 'stage.duckdb'));
    const old = mode === 'add' ? addedBefore(dates) : await compare(job, options, tools);
    const built = await buildAndPublish(
      { ...job, dates: dates.filter((date) => !old.has(date.tradingDate)) },
      options,
      tools,
    );
    // Rows that are published already are not stored a second time.
    const rowsDuplicate = dates.reduce(
      (sum, date) => sum + date.rowsSkipped + (old.has(date.tradingDate) ? date.rows : 0),
      staged.rowsDuplicate + built.rowsDuplicate,
    );
    return {
      status: statusOf(built.days, options),
      rowsRead: staged.rowsRead,
      rowsAccepted: staged.rowsRead - rowsDuplicate - rejects.count,
      rowsDuplicate,
      rowsRejected: rejects.count,
      rejectedFile: rejectedFile ?? null,
      days: [
        ...built.days,
        ...dates
          .filter((date) => old.has(date.tradingDate))
          .map((date) => oldDate(date, job, tools.layout)),
      ].sort((a, b) => (a.date < b.date ? -1 : 1)),
      findings: built.findings,
    };
  } finally {
    tools.progress.end();
    rejects.discard();
    await rm(folder, { recursive: true, force: true });
  }
}

async function assertReadable(file: string): Promise<void> {
  if (file === '-')
    throw new OpsError('BAD_OPTION', 'import reads files; a stream goes to `tb ingest -`');
  await access(file).catch((cause: unknown) =>
    Promise.reject(
      new OpsError('INPUT_MISSING', `Input ${file} does not exist or may not be read`, { cause }),
    ),
  );
}

function stage(
  options: ImportOptions,
  tools: ImportTools,
  stagePath: string,
  rejects: Rejects,
): Promise<StageResult> {
  const job: StageJob = {
    root: tools.layout.root,
    exchange: options.exchange,
    files: options.files,
    input: options.input,
    stagePath,
    dryRun: options.dryRun === true,
  };
  return runWorker<StageResult>('import/stage-worker.js', job, {
    signal: tools.signal,
    onEvent: (event) => {
      const each = event as StageEvent; // what the stage worker emits
      if (each.type === 'rejected') rejects.add(each.rows);
      else tools.progress.update(each.rowsRead);
    },
  });
}

function assertSome(
  staged: StageResult,
  rejects: Rejects,
  options: ImportOptions,
  rejectedFile: string | undefined,
): void {
  if (staged.rowsRead === 0 && options.allowEmpty !== true)
    throw new OpsError('INPUT_EMPTY', `No rows in ${options.files.join(', ')}`);
  if (staged.rowsRead > 0 && rejects.count === staged.rowsRead)
    throw new OpsError(
      'ALL_ROWS_REJECTED',
      `All ${staged.rowsRead} rows were rejected; the reasons are in ${rejectedFile ?? 'the rejected file of a run without --dry-run'}`,
    );
}

function jobOf(
  options: ImportOptions,
  tools: ImportTools,
  staged: StageResult,
  dates: readonly ImportDate[],
  stagePath: string,
): BuildJob {
  return {
    root: tools.layout.root,
    exchange: options.exchange,
    stagePath,
    input: { kind: options.input.kind, timeframe: options.input.timeframe },
    mode: options.mode ?? 'replace',
    numbering: 'input',
    dates,
    // Published rows that stay have symbols that the input may not have.
    symbols: new Map([...publishedSymbols(tools.layout, options.exchange), ...staged.symbols]),
    explained: options.explained ?? [],
    dryRun: options.dryRun === true,
    memoryLimitMb: MEMORY_MB,
  };
}

/** Dates to which every file of the input was added before. */
function addedBefore(dates: readonly ImportDate[]): ReadonlySet<string> {
  return new Set(dates.filter(({ rows }) => rows === 0).map(({ tradingDate }) => tradingDate));
}

/** Dates whose published rows are those of the input. @throws `DATE_EXISTS` for others, unless it is a correction. */
async function compare(
  job: BuildJob,
  options: ImportOptions,
  tools: ImportTools,
): Promise<ReadonlySet<string>> {
  const identical = new Set<string>();
  const different: string[] = [];
  const dates = job.dates.filter((date) => publishedOf(date, job.input));
  if (dates.length === 0) return identical;
  await runWorker(
    'import/build-worker.js',
    { ...job, task: 'compare', dates },
    {
      signal: tools.signal,
      onEvent: (event) => {
        const each = event as ComparedDate; // what the build worker emits for this task
        if (each.isIdentical) identical.add(each.tradingDate);
        else different.push(each.tradingDate);
      },
    },
  );
  if (different.length > 0 && !options.correction)
    throw new OpsError(
      'DATE_EXISTS',
      `${options.exchange} ${different.slice(0, 5).join(', ')}${different.length > 5 ? ` and ${different.length - 5} more dates are` : ' is'} published with other rows`,
    );
  return identical;
}

async function buildAndPublish(
  job: BuildJob,
  options: ImportOptions,
  tools: ImportTools,
): Promise<{ days: ImportedDate[]; findings: GateResult[]; rowsDuplicate: number }> {
  const days: ImportedDate[] = [];
  let rowsDuplicate = 0;
  const findings: GateResult[] = [];
  const workers = tools.workers ?? Math.min(MAX_WORKERS, availableParallelism());
  const count = Math.max(1, Math.min(workers, Math.ceil(job.dates.length / 8)));
  let last: Promise<void> = Promise.resolve();
  let done = 0;
  const stop = new AbortController();
  await using manifest = new ManifestTurns(() =>
    ManifestWriter.open({
      layout: tools.layout,
      purpose: 'import',
      waitMs: tools.waitMs ?? 30_000,
      signal: tools.signal,
    }),
  );
  const publishNext = (built: BuiltDate): void => {
    last = last.then(async () => {
      findings.push(...findingsOf(built.gates));
      days.push(await publishDate(built, job, options, { ...tools, manifest }));
      rowsDuplicate += built.rowsDuplicate;
      tools.progress.update(++done);
    });
    last.catch(() => stop.abort());
  };
  const signal = AbortSignal.any([tools.signal, stop.signal]);
  const runs = Array.from({ length: job.dates.length === 0 ? 0 : count }, (_value, at) =>
    runWorker(
      'import/build-worker.js',
      { ...job, task: 'build', dates: job.dates.filter((_date, index) => index % count === at) },
      {
        signal,
        onStep: tools.onStep,
        onEvent: (event) => publishNext(event as BuiltDate), // what the build worker emits for this task
      },
    ),
  );
  const ended = await Promise.allSettled(runs);
  await last;
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  return { days, findings, rowsDuplicate };
}

function statusOf(built: readonly ImportedDate[], options: ImportOptions): ImportResult['status'] {
  if (options.dryRun === true) return 'planned';
  if (built.some((day) => day.status === 'corrected')) return 'corrected';
  return built.some((day) => day.status === 'imported') ? 'imported' : 'already_imported';
}
