import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createFolder } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { syncFolder } from '../files/durable.ts';
import type { MigratedTable, Migration } from './migration.ts';
import type { MigrationResult } from './migration-result.ts';
import { type Columns, labelOf, type SourceColumn } from './source-table.ts';
import type { ArchivePart } from './worker/archive.ts';

/** Where the archive of a migration stands. */
export function archivePath({ layout, source }: Pick<Migration, 'layout' | 'source'>): string {
  return join(layout.legacy, `${source.label}.duckdb`);
}

/** Counts the tables that go to the archive as they are. */
export function countArchived({ tables }: Migration): void {
  for (const { plan, table, tally } of tables)
    if (plan.kind === 'archive' && table.kind === 'table') tally.add('archived', table.rows);
}

/** Everything without a home into one read-only file, types as in the source, read back. @throws `MIGRATION_MISMATCH` */
export async function passArchive(migration: Migration): Promise<MigrationResult['archive']> {
  const { client, layout, survey, source, tables } = migration;
  const path = archivePath(migration);
  const temporary = join(layout.legacy, `.tmp-${source.label}.duckdb`);
  await createFolder(layout.legacy);
  const written = await client.call('writeArchive', {
    path: temporary,
    parts: tables.flatMap(partsOf),
    tables: survey.tables,
    objects: survey.objects,
    metadata: {
      source: source.path,
      sha256: source.sha256,
      size_bytes: String(source.sizeBytes),
      duckdb_version: survey.duckdbVersion,
    },
  });
  for (const { table, tally } of tables) {
    const found = written.rows[labelOf(table)] ?? 0;
    if (found !== tally.archived)
      throw new OpsError(
        'MIGRATION_MISMATCH',
        `The archive has ${found} rows of ${labelOf(table)}, ${tally.archived} were to be archived`,
      );
  }
  migration.onStep('archive written');
  await rename(temporary, path);
  syncFolder(layout.legacy);
  migration.onStep('archive placed');
  return { path, sha256: written.sha256, sizeBytes: written.sizeBytes };
}

function partsOf({ id, plan, table, tally }: MigratedTable): ArchivePart[] {
  if (table.kind === 'view') return [];
  if (plan.kind === 'archive') return [{ kind: 'whole', table }];
  const parts: ArchivePart[] = [];
  const isMarket = plan.kind === 'candles' || plan.kind === 'ticks';
  if (tally.archived > 0) parts.push({ kind: 'rows', table, market: isMarket ? id : undefined });
  const columns = plan.columns as Columns<string>;
  const placed = new Set(
    (Object.entries(columns) as [string, SourceColumn][])
      .filter(([role]) => role !== 'synthetic')
      .map(([, column]) => column.name),
  );
  const homeless = table.columns.map(({ name }) => name).filter((name) => !placed.has(name));
  if (homeless.length > 0 && table.rows > 0 && !hasAttributes(plan))
    parts.push({ kind: 'columns', table, key: keyColumns(columns), homeless });
  return parts;
}

/** Whether the target keeps what has no column of its own. */
function hasAttributes(plan: MigratedTable['plan']): boolean {
  if (plan.kind === 'store') return plan.mapper.hasAttributes;
  return plan.kind === 'runs' || plan.kind === 'round_trips';
}

/** What says which row a value belonged to. */
function keyColumns(columns: Columns<string>): string[] {
  const roles = ['key', 'time', 'timeframe', 'run', 'username', 'role'];
  return roles.flatMap((role) => (columns[role] ? [columns[role].name] : []));
}
