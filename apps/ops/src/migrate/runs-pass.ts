import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { DatabaseManager } from '@tb/manager';
import { type RunRow, SCHEMA_VERSION } from '@tb/schema';
import type { Insertable } from 'kysely';
import { OpsError } from '../errors.ts';
import { takeName } from '../files/durable.ts';
import { jsonObject } from './json-value.ts';
import { type LegacyRow, type RawRow, RowReader } from './map/legacy-row.ts';
import { RowProblem } from './map/row-problem.ts';
import {
  type EquityRole,
  type LegacyRun,
  type LegacyRunTrade,
  mapEquity,
  mapRun,
  mapRunTrade,
  newRunId,
  orphanRun,
  RUN_TIMES,
  type RunRole,
} from './map/run-mappers.ts';
import { homeOfRoundTrip, type RoundTripRole, roundTrips } from './map/trading-mappers.ts';
import { assertGoingOn, type MigratedTable, type Migration } from './migration.ts';
import type { Reason } from './reason.ts';
import { hashFile } from './worker/sealed-file.ts';

/** A run with what is known of its contents. */
interface Run {
  readonly number: number;
  legacy: LegacyRun;
  /** Digest of the source row; '' for an orphan. */
  readonly source: string;
  readonly symbols: Set<string>;
  readonly contents: ReturnType<typeof createHash>;
  trades: number;
  equity: number;
  first: bigint | undefined;
  last: bigint | undefined;
}

/** Round trips and points on their way to the worker. */
interface Batch {
  readonly trades: (LegacyRunTrade & { readonly run: number })[];
  readonly equity: { readonly run: number; readonly ts: bigint; readonly equity: number }[];
}

/** What was made of the runs. */
export interface RunsOutcome {
  readonly runs: number;
}

const DAY_NS = 86_400_000_000_000n;
const UNKNOWN_EXCHANGE = 'unknown';

/** Backtests: a run file each, and a row in the index. Trades and equity of a run that is not there get a run of their own. */
export async function passRuns(
  migration: Migration,
  manager: DatabaseManager<'ops'> | undefined,
): Promise<RunsOutcome> {
  const pass = new RunsPass(migration);
  await pass.read();
  if (manager) for (const run of pass.runs) await writeRun(migration, manager, run);
  migration.onStep('runs');
  return { runs: pass.runs.length };
}

class RunsPass {
  readonly runs: Run[] = [];
  readonly #migration: Migration;
  readonly #byOldId = new Map<string, Run>();
  readonly #tradeKeys = new Map<string, string>();
  readonly #orphans = new Map<string, Run>();
  #batch: Batch = { trades: [], equity: [] };

  constructor(migration: Migration) {
    this.#migration = migration;
  }

  async read(): Promise<void> {
    const { tables } = this.#migration;
    for (const migrated of tables) if (migrated.plan.kind === 'runs') await this.#runs(migrated);
    for (const migrated of tables)
      if (migrated.plan.kind === 'round_trips') await this.#trades(migrated);
    for (const migrated of tables)
      if (migrated.plan.kind === 'equity') await this.#equity(migrated);
    for (const { legacy } of this.#orphans.values())
      this.#migration.findings.push({
        kind: 'run',
        subject: legacy.oldId || 'no run id',
        observed: 'trades or equity of a run that the file does not have',
      });
  }

  async #runs(migrated: MigratedTable): Promise<void> {
    if (migrated.plan.kind !== 'runs') return;
    const { columns } = migrated.plan;
    const isPercent = columns.strategy?.name.toLowerCase() === 'strategy_name';
    const reader = this.#reader<RunRole>(migrated, columns, RUN_TIMES, []);
    await this.#each(migrated, reader, (row) => {
      const legacy = mapRun(row, isPercent);
      const source = JSON.stringify(row.raw.cells);
      const known = this.#byOldId.get(legacy.oldId);
      if (known) {
        if (known.source === source) return 'duplicates';
        throw new RowProblem('key_conflict');
      }
      this.#byOldId.set(legacy.oldId, this.#add(legacy, source));
      return 'moved';
    });
  }

  async #trades(migrated: MigratedTable): Promise<void> {
    if (migrated.plan.kind !== 'round_trips') return;
    const { columns, isMixed } = migrated.plan;
    const reader = this.#reader<RoundTripRole>(
      migrated,
      columns,
      roundTrips.times as RoundTripRole[],
      ['entryTime', 'exitTime'],
    );
    await this.#each(migrated, reader, (row) => {
      if (isMixed && homeOfRoundTrip(row) !== 'run') return undefined;
      const trade = mapRunTrade(row);
      if (this.#isRepeated(row)) return 'duplicates';
      const run = this.#runOf(row.filled('run'), trade);
      run.symbols.add(trade.symbol);
      run.trades += 1;
      stretch(run, trade.entryTs, trade.exitTs);
      run.contents.update(JSON.stringify(trade, plain));
      this.#batch.trades.push({ ...trade, run: run.number });
      return 'moved';
    });
  }

  /** Trade ids are unique within their run. A trade without an id is never taken for another one. */
  #isRepeated(row: LegacyRow<RoundTripRole>): boolean {
    const id = row.filled('id');
    if (id === undefined) return false;
    const key = JSON.stringify([row.filled('run') ?? '', id]);
    const source = JSON.stringify(row.raw.cells);
    const known = this.#tradeKeys.get(key);
    if (known === undefined) this.#tradeKeys.set(key, source);
    else if (known !== source) throw new RowProblem('key_conflict');
    return known !== undefined;
  }

  async #equity(migrated: MigratedTable): Promise<void> {
    if (migrated.plan.kind !== 'equity') return;
    const reader = this.#reader<EquityRole>(migrated, migrated.plan.columns, ['time'], ['time']);
    await this.#each(migrated, reader, (row) => {
      const point = mapEquity(row);
      const run = this.#runOf(row.filled('run'), undefined);
      run.equity += 1;
      stretch(run, point.ts, point.ts);
      run.contents.update(JSON.stringify(point, plain));
      this.#batch.equity.push({ ...point, run: run.number });
      return 'moved';
    });
  }

  #runOf(oldId: string | undefined, trade: LegacyRunTrade | undefined): Run {
    const known =
      (oldId === undefined ? undefined : this.#byOldId.get(oldId)) ??
      this.#orphans.get(oldId ?? '');
    const run = known ?? this.#add(orphanRun(oldId, undefined), '');
    if (!known) this.#orphans.set(oldId ?? '', run);
    if (trade && !run.legacy.instrument)
      run.legacy = {
        ...run.legacy,
        instrument: { exchange: trade.exchange, symbol: trade.symbol },
      };
    return run;
  }

  #add(legacy: LegacyRun, source: string): Run {
    const contents = createHash('sha256').update(JSON.stringify(legacy, plain));
    const run: Run = {
      number: this.runs.length,
      legacy,
      source,
      symbols: new Set(legacy.instrument ? [legacy.instrument.symbol] : []),
      contents,
      trades: 0,
      equity: 0,
      first: undefined,
      last: undefined,
    };
    this.runs.push(run);
    return run;
  }

  #reader<Role extends string>(
    { table }: MigratedTable,
    columns: ConstructorParameters<typeof RowReader<Role>>[0]['columns'],
    times: readonly Role[],
    eventTimes: readonly Role[],
  ): RowReader<Role> {
    const { book, exchanges } = this.#migration;
    return new RowReader<Role>({ table, columns, times, eventTimes, book, exchanges });
  }

  /** Reads a table row by row. @param take undefined: the row is taken elsewhere. */
  async #each<Role extends string>(
    { table, tally }: MigratedTable,
    reader: RowReader<Role>,
    take: (row: LegacyRow<Role>) => 'moved' | 'duplicates' | undefined,
  ): Promise<void> {
    const { client, quarantine } = this.#migration;
    const refuse = (raw: RawRow, reason: Reason): void => {
      tally.quarantine(reason);
      quarantine.add(table, raw, reason);
    };
    await client.call('openRows', { table, times: reader.timeColumns });
    for (;;) {
      const rows = (await client.call('nextRows')) as readonly RawRow[];
      if (rows.length === 0) break;
      for (const raw of rows) {
        try {
          const fate = take(reader.read(raw));
          if (fate) tally.add(fate);
        } catch (error) {
          if (!(error instanceof RowProblem)) throw error;
          refuse(raw, error.reason);
        }
      }
      await this.#send();
      assertGoingOn(this.#migration);
    }
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    this.#batch = { trades: [], equity: [] };
    if (!this.#migration.dryRun && batch.trades.length + batch.equity.length > 0)
      await this.#migration.client.call('addRunRows', batch);
  }
}

function stretch(run: Run, from: bigint, to: bigint): void {
  if (run.first === undefined || from < run.first) run.first = from;
  if (run.last === undefined || to > run.last) run.last = to;
}

/** bigint as decimal text. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** The file first, then its row: a file without a row is litter of a killed attempt, and is made anew. */
async function writeRun(
  migration: Migration,
  manager: DatabaseManager<'ops'>,
  run: Run,
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
  await mkdir(layout.runsDir, { recursive: true });
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
function headOf({ legacy, symbols, first, last }: Run): Head {
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
  run: Run,
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
  { legacy, trades, equity }: Run,
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
