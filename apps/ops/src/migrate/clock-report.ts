import type { Clock, ColumnClocks } from './clock.ts';
import { RUN_TIMES, type RunRole } from './map/run-mappers.ts';
import type { MigratedTable, Migration } from './migration.ts';
import type { ClockResult } from './migration-result.ts';
import { type Columns, labelOf, type SourceColumn } from './source-table.ts';

const NAMES: Readonly<Record<Clock, 'utc' | 'Asia/Kolkata'>> = { utc: 'utc', ist: 'Asia/Kolkata' };
/** Times with a zone, and epochs, need no clock. */
const HAS_ZONE =
  /^(TIMESTAMP WITH TIME ZONE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/;

/** How the naive times of every column were read, so that a wrong guess cannot hide. */
export function reportClocks(migration: Migration): ClockResult[] {
  return migration.tables
    .filter(({ table }) => table.rows > 0)
    .flatMap((migrated) => timesOf(migrated).map((times) => resultOf(migration, migrated, times)))
    .filter((result) => result !== undefined);
}

interface Times {
  readonly column: SourceColumn;
  /** The first event column of the table, which times that tell nothing follow. */
  readonly event: string | undefined;
  /** It may follow the clock of the rest of the file. */
  readonly isDetail: boolean;
}

function timesOf({ plan }: MigratedTable): Times[] {
  if (plan.kind === 'archive') return [];
  const columns = plan.columns as Columns<string>;
  const roles = rolesOf(plan);
  const event = roles.events.map((role) => columns[role]?.name).find((name) => name !== undefined);
  return roles.times.flatMap((role) => {
    const column = columns[role];
    const isDetail = roles.details.includes(role);
    return column && !HAS_ZONE.test(column.type) ? [{ column, event, isDetail }] : [];
  });
}

function rolesOf(plan: Exclude<MigratedTable['plan'], { kind: 'archive' }>): {
  readonly times: readonly string[];
  readonly events: readonly string[];
  readonly details: readonly string[];
} {
  switch (plan.kind) {
    case 'store':
      return {
        times: plan.mapper.times,
        events: plan.mapper.eventTimes ?? [],
        details: plan.mapper.detailTimes ?? [],
      };
    case 'runs':
      return { times: RUN_TIMES satisfies readonly RunRole[], events: [], details: [] };
    case 'round_trips':
      return { times: ['entryTime', 'exitTime'], events: ['entryTime', 'exitTime'], details: [] };
    default:
      return { times: ['time'], events: ['time'], details: [] };
  }
}

function resultOf(
  { book }: Migration,
  { table }: MigratedTable,
  { column, event, isDetail }: Times,
): ClockResult | undefined {
  const decided = book.get(table, column.name);
  const head = { table: labelOf(table), column: column.name };
  if (!decided) {
    const events = event === undefined ? undefined : book.get(table, event);
    const isStated = book.stated(table, column.name) !== undefined;
    const basis = isStated ? 'stated' : events?.consensus ? 'values' : 'assumed';
    const clock = NAMES[book.recordClock(table, column.name, events)];
    return { ...head, clock, basis, unclearRows: 0, hint: null };
  }
  const followed = isDetail ? (decided.consensus ?? book.fileConsensus()) : undefined;
  const unclearRows = followed ? 0 : decided.unclear.reduce((sum, block) => sum + block.rows, 0);
  if (decided.blocks.size + decided.unclear.length === 0) return undefined;
  const label = head.table;
  return {
    ...head,
    clock: clockOf(decided) ?? (followed ? NAMES[followed] : null),
    basis: decided.telling.utc + decided.telling.ist > 0 || followed ? 'values' : 'stated',
    unclearRows,
    hint:
      unclearRows > 0
        ? `run again with --clock ${label}=utc or --clock ${label}=Asia/Kolkata`
        : null,
  };
}

function clockOf(decided: ColumnClocks): ClockResult['clock'] {
  const used = new Set(decided.blocks.values());
  const [only] = used;
  if (only === undefined) return null;
  return used.size === 1 ? NAMES[only] : 'mixed';
}
