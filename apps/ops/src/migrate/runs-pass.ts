import { createHash } from 'node:crypto';
import type { DatabaseManager } from '@tb/manager';
import { type LegacyRow, type RawRow, RowReader } from './map/legacy-row.ts';
import { homeOfRoundTrip, type RoundTripRole, roundTrips } from './map/round-trip-mapper.ts';
import { RowProblem } from './map/row-problem.ts';
import {
  type EquityRole,
  type LegacyRun,
  type LegacyRunTrade,
  mapEquity,
  mapRun,
  mapRunTrade,
  orphanRun,
  RUN_TIMES,
  type RunRole,
} from './map/run-mappers.ts';
import { assertGoingOn, type MigratedTable, type Migration } from './migration.ts';
import type { Reason } from './reason.ts';
import { type CollectedRun, writeRun } from './run-writer.ts';

/** Round trips and points on their way to the worker. */
interface Batch {
  readonly trades: (LegacyRunTrade & { readonly run: number })[];
  readonly equity: { readonly run: number; readonly ts: bigint; readonly equity: number }[];
}

/** What was made of the runs. */
export interface RunsOutcome {
  readonly runs: number;
}

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
  readonly runs: CollectedRun[] = [];
  readonly #migration: Migration;
  readonly #byOldId = new Map<string, CollectedRun>();
  readonly #tradeKeys = new Map<string, string>();
  readonly #orphans = new Map<string, CollectedRun>();
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

  #runOf(oldId: string | undefined, trade: LegacyRunTrade | undefined): CollectedRun {
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

  #add(legacy: LegacyRun, source: string): CollectedRun {
    const contents = createHash('sha256').update(JSON.stringify(legacy, plain));
    const run: CollectedRun = {
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

function stretch(run: CollectedRun, from: bigint, to: bigint): void {
  if (run.first === undefined || from < run.first) run.first = from;
  if (run.last === undefined || to > run.last) run.last = to;
}

/** bigint as decimal text. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
