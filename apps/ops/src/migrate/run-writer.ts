import type { Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { DatabaseManager } from '@tb/manager';
import { createFolder, hashFile, type RunRow, SCHEMA_VERSION } from '@tb/schema';
import type { Insertable } from 'kysely';
import { OpsError } from '../errors.ts';
import { takeName } from '../files/durable.ts';
import { jsonObject } from './json-value.ts';
import { type LegacyRun, newRunId } from './map/run-mappers.ts';
import { assertGoingOn, type Migration } from './migration.ts';

/** A run with what is known of its contents. */
export interface CollectedRun {
  readonly number: number;
  legacy: LegacyRun;
  /** Digest of the source row; '' for an orphan. */
  readonly source: string;
  readonly symbols: Set<string>;
  readonly contents: Hash;
  trades: number;
  equity: number;
  first: bigint | undefined;
  last: bigint | undefined;
}

const DAY_NS = 86_400_000_000_000n;
const UNKNOWN_EXCHANGE = 'unknown';

/** The file first, then its row: a file without a row is litter of a killed attempt, and is made anew. */
export async function writeRun(
  migration: Migration,
  manager: DatabaseManager<'ops'>,
  run: CollectedRun,
): Promise<void> {
  assertGoingOn(migration);
  const { layout } = migration;
  const contents = run.contents.copy().digest('hex');
  const runId = newRunId(contents, run.legacy.createdAt);
  const path = layout.runFile(runId);
  const known = await manager.read('index', (db) =>
    db.selectFrom('runs').select(['sha256']).where('run_id', '=', runId).executeTakeFirst(),
  );
  if (known) return await assertRunFile(path, known.sha256);
  const temporary = join(layout.runsDir, `.tmp-${runId}.duckdb`);
  await createFolder(layout.runsDir);
  await rm(path, { force: true });
  const head = headOf(run);
  const sealed = await migration.client.call('writeRunFile', {
    run: run.number,
    path: temporary,
    metadata: metadataOf(runId, run, head, migration),
    parameters: Object.entries(JSON.parse(run.legacy.parameters) as Record<string, unknown>).map(
      ([name, value]): [string, string] => [name, JSON.stringify(value)],
    ),
    metrics: run.legacy.metrics,
  });
  migration.onStep(`run written ${run.number}`);
  await takeName(temporary, path);
  migration.onStep(`run placed ${run.number}`);
  const row = indexRow(
    runId,
    run,
    head,
    sealed,
    relative(layout.root, path).split(sep).join('/'),
    contents,
  );
  await manager.write('index', (tx) => tx.insertInto('runs').values(row).execute());
  migration.onStep(`run indexed ${run.number}`);
}

async function assertRunFile(path: string, sha256: string | null): Promise<void> {
  const found = existsSync(path) ? (await hashFile(path)).sha256 : undefined;
  if (found === sha256) return;
  throw new OpsError(
    'MIGRATION_MISMATCH',
    `Run file ${path} ${found === undefined ? 'is not there' : `has sha256 ${found.slice(0, 12)}`}, the index says ${sha256?.slice(0, 12)}`,
    {
      hint: 'Restore the file from a backup, or remove the run with `tb backtest prune`, and run the command again.',
    },
  );
}

interface Head {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly from: bigint;
  readonly to: bigint;
  readonly startedAt: bigint;
}

/** The end of the old range is a date and meant as its whole day. */
function headOf({ legacy, symbols, first, last }: CollectedRun): Head {
  const from = legacy.from ?? first ?? legacy.createdAt ?? 0n;
  const end =
    legacy.to === undefined
      ? undefined
      : legacy.to % DAY_NS === 0n
        ? legacy.to + DAY_NS
        : legacy.to;
  return {
    exchange: legacy.instrument?.exchange ?? UNKNOWN_EXCHANGE,
    symbols: [...symbols].sort(),
    from,
    to: end ?? (last === undefined ? from : last + 1n),
    startedAt: legacy.createdAt ?? from,
  };
}

function metadataOf(
  runId: string,
  run: CollectedRun,
  head: Head,
  { source }: Migration,
): Record<string, string> {
  const { legacy } = run;
  const cash = legacy.metrics.find(({ name }) => name === 'startingCash')?.value;
  return {
    run_id: runId,
    schema_version: SCHEMA_VERSION,
    strategy_id: legacy.strategyId,
    strategy_version: 'legacy',
    fingerprint: '',
    started_at_ns: String(head.startedAt),
    exchange: head.exchange,
    symbols: JSON.stringify(head.symbols),
    timeframe: legacy.timeframe,
    from_ns: String(head.from),
    to_ns: String(head.to),
    seed: '0',
    ...(cash === undefined ? {} : { starting_cash: String(cash) }),
    legacy_run_id: legacy.oldId,
    legacy_sha256: source.sha256,
    orphan: String(legacy.isOrphan),
  };
}

function indexRow(
  runId: string,
  { legacy, trades, equity }: CollectedRun,
  head: Head,
  sealed: { readonly sha256: string; readonly sizeBytes: number },
  path: string,
  contents: string,
): Insertable<RunRow> {
  const attributes: [string, string][] = [
    ['strategyVersion', '"legacy"'],
    ['sizeBytes', String(sealed.sizeBytes)],
    ['legacyRunId', JSON.stringify(legacy.oldId)],
    ['contentSha256', JSON.stringify(contents)],
    ['trades', String(trades)],
    ['equityPoints', String(equity)],
    ...(legacy.isOrphan ? ([['orphan', 'true']] as [string, string][]) : []),
    ...(legacy.attributes === null ? [] : ([['legacy', legacy.attributes]] as [string, string][])),
  ];
  return {
    run_id: runId,
    strategy_id: legacy.strategyId,
    state: legacy.state,
    exchange: head.exchange,
    symbols: JSON.stringify(head.symbols),
    timeframe: legacy.timeframe,
    from_ns: head.from,
    to_ns: head.to,
    parameters: legacy.parameters,
    seed: 0n,
    fingerprint: null,
    path,
    sha256: sealed.sha256,
    metrics: JSON.stringify(
      Object.fromEntries(legacy.metrics.map(({ name, value }) => [name, value])),
    ),
    error: legacy.error,
    started_at: head.startedAt,
    finished_at: head.startedAt,
    pid: null,
    attributes: jsonObject(attributes),
  };
}
