import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Disposal, WriterLock } from '@tb/locks';
import { DatabaseManager } from '@tb/manager';
import { createFolder, type Layout } from '@tb/schema';
import { isOpsError, OpsError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import type { AnyTables } from './any-tables.ts';
import { archivePath, countArchived, passArchive } from './archive-pass.ts';
import type { Clock } from './clock.ts';
import { decideTableClocks } from './clock-pass.ts';
import { reportClocks } from './clock-report.ts';
import { Journal } from './journal.ts';
import { ClockBook } from './map/clock-book.ts';
import { passMarket } from './market-pass.ts';
import { assertGoingOn, assertStatedClocks, type Migration, planTables } from './migration.ts';
import type { MigrationFinding, MigrationResult } from './migration-result.ts';
import type { MigrateOptions } from './options.ts';
import { QuarantineFile } from './quarantine-file.ts';
import { passRuns } from './runs-pass.ts';
import { SourceClient } from './source-client.ts';
import { assertUnchanged, inspectSource, type SourceFile } from './source-file.ts';
import { type MigratedStore, verifyStore } from './store-digests.ts';
import { StorePass, tablesOf } from './store-pass.ts';
import type { Survey } from './worker/survey.ts';

export interface MigrateTools {
  readonly layout: Layout;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** The clock by default. */
  readonly now?: (() => Date) | undefined;
  /** Named points, in order; tests kill the process at each. */
  readonly onStep?: ((step: string) => void) | undefined;
}

export interface MigrateAnswer extends MigrationResult {
  readonly status: 'migrated' | 'already_migrated' | 'planned';
}

const STORES: readonly MigratedStore[] = ['config', 'signals', 'trading'];
const DEFAULT_MEMORY_MB = 512;
const SILENT: Progress = { update: () => undefined, end: () => undefined };

/**
 * An old `trading_bot.duckdb` into the databases of a data root. Every row has one fate: moved, duplicate, quarantined with
 * its reason, archived; the four add up in each table, and what was written is read back. The source is opened read-only, in
 * a process of its own, and its bytes are the same afterwards.
 *
 * Safe to run again: each part finds from the contents of the data root what is there already, so a killed migration is
 * completed by the same call, and a later copy of the same old file adds what is new in it. With more stated (a clock), rows
 * that had to wait for it are moved.
 *
 * @throws `INPUT_MISSING`, `INPUT_UNREADABLE`, `SOURCE_*`, `MIGRATION_MISMATCH`, `MIGRATION_OPTIONS`, `BAD_OPTION`,
 *   `INTERRUPTED`, `WORKER_FAILED`; `NOT_INITIALISED`, `LOCK_HELD`, and what the packages below throw
 */
export async function migrate(
  options: MigrateOptions,
  tools: MigrateTools,
): Promise<MigrateAnswer> {
  const { layout, signal } = tools;
  const dryRun = options.dryRun === true;
  const source = await inspectSource(options.from);
  await using held = new Disposal();
  const manager = held.use(
    await DatabaseManager.open({ root: layout.root, role: 'ops', purpose: 'tb migrate', signal }),
  );
  if (!dryRun) {
    await createFolder(layout.legacy);
    held.use(await WriterLock.acquire(layout.legacy, { purpose: 'tb migrate', signal }));
  }
  const journal = new Journal(join(layout.legacy, `${source.label}.json`));
  const stated = journal.joined(statementsOf(options));
  const statedLines = [...stated].map(([name, value]) => `${name}=${value}`).sort();
  const finished = await journal.finished(statedLines);
  if (finished) return { status: 'already_migrated', ...finished };
  const folder = await workFolder(layout, source, dryRun);
  held.defer(() => rm(folder, { recursive: true, force: true }));
  const client = held.use(await openClient(options, tools, source, folder));
  const survey = await surveyed(client, source);
  const migration = assemble(options, tools, { source, client, survey, stated, dryRun });
  held.defer(() => migration.quarantine.discard());
  const entry = {
    version: 1,
    sha256: source.sha256,
    stated: statedLines,
    startedAt: isoNow(tools),
  } as const;
  if (!dryRun) await journal.write({ ...entry, state: 'running' });
  migration.onStep('begun');
  const result = await perform(migration, manager);
  await assertUnchanged(source);
  if (dryRun) return { status: 'planned', ...result };
  await journal.write({ ...entry, state: 'done', finishedAt: isoNow(tools), result });
  migration.onStep('done');
  return { status: 'migrated', ...result };
}

/** Everything stated, under names that the journal keeps. */
function statementsOf(options: MigrateOptions): Map<string, string> {
  return new Map([
    ...[...(options.clocks ?? [])].map(([name, clock]): [string, string] => [
      `clock ${name}`,
      clock,
    ]),
    ...[...(options.exchanges ?? [])].map(([name, exchange]): [string, string] => [
      `exchange ${name}`,
      exchange,
    ]),
  ]);
}

function ofKind(
  stated: ReadonlyMap<string, string>,
  kind: 'clock' | 'exchange',
): Map<string, string> {
  return new Map(
    [...stated]
      .filter(([name]) => name.startsWith(`${kind} `))
      .map(([name, value]) => [name.slice(kind.length + 1), value]),
  );
}

/** For what DuckDB spills. What a killed run left goes first. */
async function workFolder(layout: Layout, source: SourceFile, dryRun: boolean): Promise<string> {
  if (dryRun) return await mkdtemp(join(tmpdir(), 'tb-migrate-'));
  const folder = join(layout.legacy, `.tmp-${source.label}`);
  await rm(folder, { recursive: true, force: true });
  await createFolder(folder);
  return folder;
}

/** Opened first and judged then: a file that is held has a .wal as well, and waiting is the better advice. */
async function openClient(
  options: MigrateOptions,
  { layout, signal }: MigrateTools,
  source: SourceFile,
  folder: string,
): Promise<SourceClient> {
  await using held = new Disposal();
  try {
    const job = {
      root: layout.root,
      path: source.path,
      tempDirectory: folder,
      memoryLimitMb: options.memoryLimitMb ?? DEFAULT_MEMORY_MB,
    };
    const client = held.use(await SourceClient.open(job, signal));
    if (source.walSha256 !== undefined && options.withWal !== true)
      throw new OpsError('SOURCE_HAS_WAL', `${source.path}.wal stands beside the source`);
    held.move();
    return client;
  } catch (error) {
    throw asDamage(error, source);
  }
}

/** Reads the source to its last byte before anything is written. */
async function surveyed(client: SourceClient, source: SourceFile): Promise<Survey> {
  try {
    return await client.call('survey');
  } catch (error) {
    throw asDamage(error, source);
  }
}

/** The engine crashed on nothing but the bytes of the file. */
function asDamage(error: unknown, source: SourceFile): unknown {
  if (!isOpsError(error, 'WORKER_FAILED')) return error;
  return new OpsError('SOURCE_DAMAGED', `${source.path} crashed the process that read it`, {
    cause: error,
  });
}

function assemble(
  options: MigrateOptions,
  tools: MigrateTools,
  parts: Pick<Migration, 'source' | 'client' | 'survey' | 'dryRun'> & {
    readonly stated: ReadonlyMap<string, string>;
  },
): Migration {
  const { layout } = tools;
  const { stated, ...rest } = parts;
  const clocks = ofKind(stated, 'clock') as Map<string, Clock>;
  const tables = planTables(parts.survey);
  assertStatedClocks(options.clocks ?? new Map(), tables);
  const findings: MigrationFinding[] = [];
  return {
    ...rest,
    layout,
    now: BigInt(nowOf(tools).getTime()) * 1_000_000n,
    tables,
    findings,
    book: new ClockBook(clocks),
    exchanges: ofKind(stated, 'exchange'),
    quarantine: new QuarantineFile(
      join(layout.quarantine, `migrate-${parts.source.label}.jsonl`),
      !parts.dryRun,
    ),
    signal: tools.signal,
    progress: tools.progress ?? SILENT,
    onStep: tools.onStep ?? (() => undefined),
  };
}

async function perform(
  migration: Migration,
  manager: DatabaseManager<'ops'>,
): Promise<MigrationResult> {
  const { source, tables, quarantine, dryRun } = migration;
  const marketData = await passMarket(migration);
  await decideTableClocks(migration);
  for (const store of STORES) {
    assertGoingOn(migration);
    if (tablesOf(migration, store).length > 0) await passStore(migration, manager, store);
  }
  const { runs } = await passRuns(migration, dryRun ? undefined : manager);
  countArchived(migration);
  const results = tables.map(({ tally }) => tally.result());
  const archive = dryRun
    ? { path: archivePath(migration), sha256: null, sizeBytes: null }
    : await passArchive(migration);
  const quarantineFile = await quarantine.finish();
  migration.onStep('quarantine');
  return {
    source: {
      path: source.path,
      sha256: source.sha256,
      sizeBytes: source.sizeBytes,
      walSha256: source.walSha256 ?? null,
    },
    tables: results,
    quarantineFile: quarantineFile ?? null,
    archive,
    clocks: reportClocks(migration),
    findings: migration.findings,
    marketData,
    runs,
  };
}

/** One transaction a store; then every row is read back through another connection. */
async function passStore(
  migration: Migration,
  manager: DatabaseManager<'ops'>,
  store: MigratedStore,
): Promise<void> {
  const pass = (db: unknown) => new StorePass(migration, store, db as AnyTables).run();
  if (migration.dryRun) {
    await manager.read(store, pass);
    return;
  }
  const expected = await manager.write(store, pass);
  migration.onStep(`store ${store}`);
  await manager.read(store, (db) => verifyStore(db as unknown as AnyTables, store, expected));
}

function nowOf(tools: MigrateTools): Date {
  return tools.now?.() ?? new Date();
}

function isoNow(tools: MigrateTools): string {
  return nowOf(tools).toISOString();
}
