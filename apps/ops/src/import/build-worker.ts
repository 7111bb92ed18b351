import {
  type BuiltFile,
  buildDay,
  canonicalRelation,
  countChanges,
  discardFiles,
  duckdbVersion,
  type FileEntry,
  type GateResult,
  gatesPassed,
  openBuildInstance,
  profileOf,
  verifyFile,
  withAttached,
} from '@tb/history';
import { Calendars } from '@tb/manager/calendars';
import { type Layout, layoutOf } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { keptFinding } from '../gates.ts';
import { serveWorker } from '../worker/serve-worker.ts';
import { repeatedCandles, repeatedTicks } from './added-rows.ts';
import {
  type BuildJob,
  type BuiltDate,
  type ComparedDate,
  type ImportDate,
  publishedOf,
} from './build-job.ts';
import { columnsOf, daySource, type RelationOf } from './day-source.ts';
import { acceptsLost, findLost, lostFinding } from './lost-files.ts';
import { stagedFrom, stagedRowsSql } from './stage-job.ts';

type Connection = Awaited<ReturnType<typeof openBuildInstance>>['connection'];

serveWorker(
  async (
    job: BuildJob & { readonly task: 'compare' | 'build' },
    step: (name: string) => void,
    emit: (event: ComparedDate | BuiltDate) => void,
  ): Promise<void> => {
    const layout = layoutOf(job.root);
    await using instance = await openBuildInstance({
      memoryLimitMb: job.memoryLimitMb,
      threads: 1,
    });
    const { connection } = instance;
    await connection.run(
      `ATTACH '${job.stagePath.replaceAll("'", "''")}' AS staged (TYPE duckdb, READ_ONLY)`,
    );
    for (const date of job.dates) {
      const { tradingDate } = date;
      if (job.task === 'compare')
        emit({ tradingDate, isIdentical: await isIdentical(connection, layout, job, date) });
      else emit(await build(connection, layout, job, date, step));
    }
  },
);

/** Ticks are equal when their order is: the numbers themselves differ between a live buffer and a file. */
function comparable(kind: 'ticks' | 'candles', relation: string): string {
  return kind === 'ticks'
    ? `(SELECT sid, ts, row_number() OVER (ORDER BY seq) AS seq, price, volume, bid, ask FROM ${relation} AS rows)`
    : relation;
}

async function isIdentical(
  connection: Connection,
  layout: Layout,
  job: BuildJob,
  date: ImportDate,
): Promise<boolean> {
  const file = publishedOf(date, job.input);
  if (!file || file.rows !== date.rows) return false;
  if (acceptsLost(job) && (await findLost(layout, job, date)).length > 0) return false;
  await verifyFile(layout, file);
  const { kind } = job.input;
  const hashOf = async (relation: string): Promise<string> =>
    (await profileOf(connection, kind, canonicalRelation(kind, comparable(kind, relation))))
      .contentHash;
  const staged = await hashOf(`(${stagedRowsSql(kind, date)})`);
  return await withAttached(
    connection,
    layout,
    [file],
    async ([published]) => (await hashOf(published ?? '')) === staged,
  );
}

/** Builds a date upon the published files that can be read. */
async function build(
  connection: Connection,
  layout: Layout,
  job: BuildJob,
  date: ImportDate,
  step: (name: string) => void,
): Promise<BuiltDate> {
  const lost = await findLost(layout, job, date);
  const published = date.published.filter((file) => !lost.some((one) => one.file === file));
  const built = await buildUpon(connection, layout, job, { ...date, published }, step);
  if (lost.length === 0) return built;
  const stays = lost.find(({ file }) => !built.files.some((one) => isSameKind(one, file)));
  if (built.ok && stays && !job.dryRun) {
    await discardFiles(layout, built.files);
    throw new OpsError('GATE_FAILED', `The input does not replace what is lost: ${stays.reason}`);
  }
  const own = lost.find(({ file }) => isSameKind(file, job.input))?.file;
  const rowsAdded = built.rows[job.input.timeframe || 'ticks'] ?? 0;
  return {
    ...built,
    lost,
    gates: [...built.gates, ...lost.map((one) => lostFinding(one, job))],
    changes: own ? { rowsAdded, rowsRemoved: own.rows, rowsChanged: 0 } : built.changes,
  };
}

type Kinded = Pick<FileEntry, 'kind' | 'timeframe'>;

function isSameKind(a: Kinded, b: Kinded): boolean {
  return a.kind === b.kind && a.timeframe === b.timeframe;
}

async function buildUpon(
  connection: Connection,
  layout: Layout,
  job: BuildJob,
  date: ImportDate,
  step: (name: string) => void,
): Promise<BuiltDate> {
  const calendar = new Calendars(layout).of(job.exchange);
  const session = calendar.sessionOf(date.tradingDate);
  if (!session)
    throw new OpsError(
      'NO_SESSION',
      `Exchange ${job.exchange} has no session on ${date.tradingDate}`,
    );
  return await withAttached(connection, layout, date.published, async (relations) => {
    const relationOf = (file: FileEntry): string => relations[date.published.indexOf(file)] ?? '';
    const keptSeq = await highestKeptSeq(connection, job, date, relationOf);
    await refuseTickSymbols(connection, job, date, relationOf);
    const repeated = await repeatedTicks(connection, job, date, relationOf);
    if (!gatesPassed(repeated)) return refused(date, repeated);
    const source = daySource(job, date, relationOf, keptSeq);
    const result = await buildDay(connection, {
      ...{ layout, session, calendar, source },
      revision: date.revision,
      symbols: job.symbols,
      sourceFingerprint: date.sourceFingerprint,
      // Vendor data have holes and thin symbols: an import tells such findings, and refuses only what cannot be right.
      expectations: 'flag',
      explained: job.explained,
      dryRun: job.dryRun,
      onStep: (name, key) => step(key ? `${name} ${key.timeframe || key.kind}` : name),
    });
    const kept = result.files.filter((file) => isVendor(job, date, file));
    await discardFiles(layout, kept);
    const own = result.files.filter((file) => !kept.includes(file));
    const files = await changedFiles(layout, own, date, await duckdbVersion(connection));
    return {
      tradingDate: date.tradingDate,
      files,
      gates: [...repeated, ...result.gates, ...kept.map((file) => keptFinding(file))],
      ok: result.ok,
      rows: result.rows,
      rowsDuplicate: await repeatedCandles(connection, job, date, relationOf),
      lost: [],
      changes: await changesOf(connection, job, date, relationOf, source),
    };
  });
}

function refused({ tradingDate }: ImportDate, gates: readonly GateResult[]): BuiltDate {
  const nothing = { files: [], lost: [], rows: {}, rowsDuplicate: 0, changes: undefined };
  return { tradingDate, ok: false, gates, ...nothing };
}

/** Whether candles of a vendor stand where the build derived some from ticks. */
function isVendor({ mode, input }: BuildJob, date: ImportDate, file: BuiltFile): boolean {
  const isDerived = file.kind === 'candles' && input.kind === 'ticks';
  return mode === 'add' && isDerived && date.vendorTimeframes.includes(file.timeframe);
}

/** A file with the content of the published one is not published again. */
async function changedFiles(
  layout: Layout,
  files: readonly BuiltFile[],
  date: ImportDate,
  version: string,
): Promise<readonly BuiltFile[]> {
  const isSame = (file: BuiltFile): boolean =>
    date.published.some(
      (old) =>
        old.kind === file.kind &&
        old.timeframe === file.timeframe &&
        old.duckdbVersion === version &&
        old.contentHash === file.contentHash,
    );
  await discardFiles(layout, files.filter(isSame));
  return files.filter((file) => !isSame(file));
}

async function highestKeptSeq(
  connection: Connection,
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
): Promise<bigint> {
  const file = publishedOf(date, job.input);
  if (!file || job.input.kind !== 'ticks') return 0n;
  const kept = job.mode === 'add' ? '' : ` WHERE sid NOT IN (SELECT sid FROM ${stagedFrom(date)})`;
  const rows = await connection.runAndReadAll(
    `SELECT coalesce(max(seq), 0)::BIGINT AS seq FROM ${relationOf(file)} AS published${kept}`,
  );
  return rows.getRowObjects()[0]?.['seq'] as bigint;
}

/** Candles of a symbol that has ticks that day are derived from them: others do not go beside or over them. */
async function refuseTickSymbols(
  connection: Connection,
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
): Promise<void> {
  const ticks = date.published.find((file) => file.kind === 'ticks');
  if (!ticks || job.input.kind !== 'candles' || job.input.timeframe !== '1m') return;
  const rows = await connection.runAndReadAll(
    `SELECT DISTINCT sid FROM ${stagedFrom(date)} AND sid IN (SELECT sid FROM ${relationOf(ticks)} AS published) ORDER BY sid LIMIT 1`,
  );
  const sid = rows.getRowObjects()[0]?.['sid'] as number | undefined;
  if (sid !== undefined)
    throw new OpsError(
      'CANDLES_FROM_TICKS',
      `Candles of ${job.symbols.get(sid)} on ${job.exchange} ${date.tradingDate} are derived from its ticks`,
    );
}

async function changesOf(
  connection: Connection,
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
  source: ReturnType<typeof daySource>,
): Promise<BuiltDate['changes']> {
  const file = publishedOf(date, job.input);
  const { kind, timeframe } = job.input;
  const after =
    kind === 'ticks' ? source.ticks : source.candles?.[timeframe === '' ? '1m' : timeframe];
  if (!file || after === undefined) return undefined;
  const withoutSeq = (relation: string): string =>
    kind === 'ticks'
      ? `(SELECT * REPLACE (0 AS seq) FROM (SELECT ${columnsOf(kind)} FROM ${relation} AS rows))`
      : relation;
  return await countChanges(
    connection,
    kind,
    withoutSeq(relationOf(file)),
    withoutSeq(`(${after})`),
  );
}
