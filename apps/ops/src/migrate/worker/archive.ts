import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type FileHash, sealFile } from '@tb/schema';
import { OpsError } from '../../errors.ts';
import { identifier, labelOf, literal, type SourceTable } from '../source-table.ts';
import { insertValues, rowOf } from './query.ts';
import { numberedRelation, relationOf, rowHashSql, type SourceObject } from './survey.ts';

/** What of a table goes to the archive. */
export type ArchivePart =
  | { readonly kind: 'whole'; readonly table: SourceTable }
  /** Rows whose fate is `archived`: by the number of a market table, or as noted with `addArchivedRows`. */
  | { readonly kind: 'rows'; readonly table: SourceTable; readonly market: number | undefined }
  /** Columns without a home of rows that were moved, beside the columns that say which row it was. */
  | {
      readonly kind: 'columns';
      readonly table: SourceTable;
      readonly key: readonly string[];
      readonly homeless: readonly string[];
    };

export interface ArchiveJob {
  /** Absolute, temporary. */
  readonly path: string;
  readonly parts: readonly ArchivePart[];
  /** Every statement of the source goes along, so that types, keys, views and macros are known. */
  readonly tables: readonly SourceTable[];
  readonly objects: readonly SourceObject[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WrittenArchive extends FileHash {
  /** Rows whose fate is `archived`, as read back, by the label of their table. */
  readonly rows: Readonly<Record<string, number>>;
}

const ALIAS = 'tb_archive_file';

/** Creates the table that notes rows of store tables whose fate is `archived`. */
export async function createArchivedRows(connection: DuckDBConnection): Promise<void> {
  await connection.run('CREATE TABLE archived_rows (label VARCHAR, src BIGINT)');
}

export async function addArchivedRows(
  connection: DuckDBConnection,
  label: string,
  rowids: readonly bigint[],
): Promise<void> {
  await insertValues(
    connection,
    'archived_rows',
    rowids.map((rowid) => `(${literal(label)}, ${rowid})`),
  );
}

/**
 * Writes the archive under a temporary name, types as in the source, and reads it back: rows and multiset hash of each part
 * equal those of the source.
 * @throws `MIGRATION_MISMATCH`
 */
export async function writeArchive(
  connection: DuckDBConnection,
  job: ArchiveJob,
): Promise<WrittenArchive> {
  await rm(job.path, { force: true });
  await rm(`${job.path}.wal`, { force: true });
  const notes = notesSchema(job.tables);
  await connection.run(
    `ATTACH ${literal(job.path)} AS ${ALIAS} (TYPE duckdb, STORAGE_VERSION 'v1.5.0')`,
  );
  try {
    await writeNotes(connection, job, notes);
    for (const part of job.parts) {
      const { schema } = part.kind === 'columns' ? { schema: notes } : part.table;
      await connection.run(`CREATE SCHEMA IF NOT EXISTS ${ALIAS}.${identifier(schema)}`);
      await connection.run(`CREATE TABLE ${targetOf(part, notes)} AS ${selectOf(part)}`);
    }
    await connection.run(`CHECKPOINT ${ALIAS}`);
  } finally {
    await connection.run(`DETACH ${ALIAS}`);
  }
  if (existsSync(`${job.path}.wal`))
    throw new OpsError('MIGRATION_MISMATCH', `${job.path} still has a .wal after its checkpoint`);
  const rows = await verifyArchive(connection, job, notes);
  const { sha256, sizeBytes } = await sealFile(job.path);
  return { sha256, sizeBytes, rows };
}

/** A schema of our own that no table of the source lives in. */
function notesSchema(tables: readonly SourceTable[]): string {
  const taken = new Set(tables.map((table) => table.schema.toLowerCase()));
  for (let at = 1; ; at += 1) {
    const name = at === 1 ? 'tb_archive' : `tb_archive_${at}`;
    if (!taken.has(name)) return name;
  }
}

async function writeNotes(
  connection: DuckDBConnection,
  job: ArchiveJob,
  notes: string,
): Promise<void> {
  const schema = `${ALIAS}.${identifier(notes)}`;
  await connection.run(`CREATE SCHEMA ${schema}`);
  await connection.run(`CREATE TABLE ${schema}.metadata (key VARCHAR, value VARCHAR)`);
  await connection.run(
    `CREATE TABLE ${schema}.objects (kind VARCHAR, schema_name VARCHAR, name VARCHAR, sql VARCHAR)`,
  );
  await insertValues(
    connection,
    `${schema}.metadata`,
    Object.entries(job.metadata).map(([key, value]) => `(${literal(key)}, ${literal(value)})`),
  );
  const objects = [...job.tables, ...job.objects].map(
    ({ kind, schema: of, name, sql }) =>
      `(${literal(kind)}, ${literal(of)}, ${literal(name)}, ${literal(sql)})`,
  );
  await insertValues(connection, `${schema}.objects`, objects);
}

function targetOf(part: ArchivePart, notes: string): string {
  const { table } = part;
  return part.kind === 'columns'
    ? `${ALIAS}.${identifier(notes)}.${identifier(`columns of ${labelOf(table)}`)}`
    : `${ALIAS}.${identifier(table.schema)}.${identifier(table.name)}`;
}

function selectOf(part: ArchivePart): string {
  const { table } = part;
  if (part.kind === 'whole') return `SELECT * FROM ${relationOf(table)}`;
  if (part.kind === 'rows') {
    const src =
      part.market === undefined
        ? `SELECT src FROM archived_rows WHERE label = ${literal(labelOf(table))}`
        : `SELECT src FROM candle_fate WHERE tbl = ${part.market} AND fate = 'archived'`;
    return `SELECT * EXCLUDE (tb_rowid) FROM ${numberedRelation(table)} AS rows WHERE tb_rowid IN (${src})`;
  }
  const names = [...part.key, ...part.homeless].map(identifier);
  const isFilled = part.homeless.map((name) => `${identifier(name)} IS NOT NULL`).join(' OR ');
  return `SELECT tb_rowid AS source_rowid, ${names.join(', ')} FROM ${numberedRelation(table)} AS rows WHERE ${isFilled}`;
}

async function verifyArchive(
  connection: DuckDBConnection,
  job: ArchiveJob,
  notes: string,
): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {};
  await connection.run(`ATTACH ${literal(job.path)} AS ${ALIAS} (TYPE duckdb, READ_ONLY)`);
  try {
    for (const part of job.parts) {
      const columns =
        part.kind === 'columns'
          ? ['source_rowid', ...part.key, ...part.homeless].map((name) => ({ name, type: '' }))
          : part.table.columns;
      const digest = (from: string): string =>
        `SELECT count(*) AS n, coalesce(sum(${rowHashSql(columns)}), 0) AS h FROM ${from}`;
      const source = await rowOf(connection, digest(`(${selectOf(part)}) AS rows`));
      const target = await rowOf(connection, digest(targetOf(part, notes)));
      if (source['n'] !== target['n'] || source['h'] !== target['h'])
        throw new OpsError(
          'MIGRATION_MISMATCH',
          `The archive reads back ${target['n']} rows of ${labelOf(part.table)}, the source has ${source['n']}, or they differ`,
        );
      if (part.kind !== 'columns') rows[labelOf(part.table)] = Number(target['n']);
    }
    return rows;
  } finally {
    await connection.run(`DETACH ${ALIAS}`);
  }
}
