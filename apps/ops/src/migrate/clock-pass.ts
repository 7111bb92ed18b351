import { decideClocks } from './clock.ts';
import type { MigratedTable, Migration } from './migration.ts';
import type { SourceColumn } from './source-table.ts';

/** Event times of the tables that are no market data: which columns, and the key beside them. */
function eventsOf({
  plan,
}: MigratedTable): { times: readonly string[]; key: string | undefined } | undefined {
  const nameOf = (column: SourceColumn | undefined): string[] => (column ? [column.name] : []);
  switch (plan.kind) {
    case 'store': {
      const { mapper, columns } = plan;
      const times = (mapper.eventTimes ?? []).flatMap((role) => nameOf(columns[role]));
      return {
        times,
        key: mapper.eventKey === undefined ? undefined : columns[mapper.eventKey]?.name,
      };
    }
    case 'round_trips':
      return {
        times: [...nameOf(plan.columns.entryTime), ...nameOf(plan.columns.exitTime)],
        key: plan.columns.key?.name,
      };
    case 'equity':
      return { times: nameOf(plan.columns.time), key: undefined };
    default:
      return undefined;
  }
}

/** Decides the clocks of every table that is no market data, and notes them in the book. */
export async function decideTableClocks(migration: Migration): Promise<void> {
  const { client, book, exchanges } = migration;
  for (const migrated of migration.tables) {
    const { table } = migrated;
    const events = eventsOf(migrated);
    if (!events || events.times.length === 0 || table.rows === 0) continue;
    const blocks = await client.call('clockBlocks', { table, ...events, exchanges });
    for (const column of events.times)
      book.set(table, column, decideClocks(blocks, book.stated(table, column)));
  }
}
