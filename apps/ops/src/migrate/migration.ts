import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { planTable, type TablePlan, targetOf } from './catalog.ts';
import type { Clock } from './clock.ts';
import type { ExchangeMap } from './exchange-of-key.ts';
import type { ClockBook } from './map/clock-book.ts';
import type { MigrationFinding } from './migration-result.ts';
import type { QuarantineFile } from './quarantine-file.ts';
import type { SourceClient } from './source-client.ts';
import type { SourceFile } from './source-file.ts';
import { labelOf, type SourceTable } from './source-table.ts';
import { TableTally } from './table-tally.ts';
import type { Survey } from './worker/survey.ts';

/** One table of the source, what is done with it, and what became of its rows so far. */
export interface MigratedTable {
  readonly id: number;
  readonly table: SourceTable;
  readonly plan: TablePlan;
  readonly tally: TableTally;
}

/** What the parts of a migration share. */
export interface Migration {
  readonly layout: Layout;
  readonly source: SourceFile;
  readonly client: SourceClient;
  readonly survey: Survey;
  readonly tables: readonly MigratedTable[];
  readonly book: ClockBook;
  readonly exchanges: ExchangeMap;
  readonly quarantine: QuarantineFile;
  readonly findings: MigrationFinding[];
  readonly dryRun: boolean;
  /** When it began, ns UTC. */
  readonly now: bigint;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** Named points, in order; tests kill the process at each. */
  readonly onStep: (step: string) => void;
}

/** Plans every table of a survey. */
export function planTables(survey: Survey): MigratedTable[] {
  return survey.tables.map((table, id) => {
    const plan = planTable(table);
    const note = plan.kind === 'archive' ? (plan.note ?? null) : null;
    const head = {
      table: labelOf(table),
      target: targetOf(plan),
      kind: table.kind,
      rowsIn: table.rows,
      note,
    };
    return { id, table, plan, tally: new TableTally(head) };
  });
}

/** @throws `BAD_OPTION` for a stated clock of a table or column that the source does not have. */
export function assertStatedClocks(
  stated: ReadonlyMap<string, Clock>,
  tables: readonly MigratedTable[],
): void {
  const names = new Set(
    tables.flatMap(({ table }) => [
      labelOf(table),
      ...table.columns.map((column) => `${labelOf(table)}.${column.name}`),
    ]),
  );
  for (const name of stated.keys())
    if (!names.has(name))
      throw new OpsError('BAD_OPTION', `--clock names ${name}, which the source does not have`);
}

/** Called at safe points. @throws `INTERRUPTED` */
export function assertGoingOn(migration: Pick<Migration, 'signal' | 'source'>): void {
  if (migration.signal?.aborted)
    throw new OpsError(
      'INTERRUPTED',
      `The migration of ${migration.source.path} stopped at a safe point`,
    );
}
