import type { Layout } from '@tb/schema';
import { COLUMNS, type FileEntry } from './day-file.ts';
import { type DuckConnection, literal, readRows, withCleanup } from './duck.ts';
import { attachSql } from './verify.ts';
import type { CoverageRange } from './write-file.ts';

/** What reading a file needs of its entry: a day file, the archive, or a derived file, which is `hot`. */
export type InputFile = Pick<FileEntry, 'path' | 'tier' | 'kind'>;

/**
 * The rows of a published file as a relation with the columns of `data`: `data` of an attached day file, or the Parquet
 * file of the archive tier, read in place.
 * @param alias Catalog name of the attached file; not used for the archive.
 */
export function dayRelation(layout: Layout, entry: InputFile, alias: string): string {
  if (entry.tier !== 'archive') return `${alias}.main.data`;
  return archiveRelation(layout.absolute(entry.path), entry.kind);
}

/** Rows of an archive file. Its time is `ts_ns BIGINT`: Spark reads no nanosecond timestamps. */
export function archiveRelation(path: string, kind: FileEntry['kind']): string {
  const columns = COLUMNS[kind].map(([name]) =>
    name === 'ts' ? 'make_timestamp_ns(ts_ns) AS ts' : name,
  );
  return `(SELECT ${columns.join(', ')} FROM read_parquet(${literal(path)}, hive_partitioning = false))`;
}

/** When feeds were connected, from an attached day file or from the metadata of an archive file. */
export async function readCoverage(
  connection: DuckConnection,
  layout: Layout,
  entry: InputFile,
  alias: string,
): Promise<readonly CoverageRange[]> {
  if (entry.tier !== 'archive') {
    const rows = await readRows(
      connection,
      `SELECT source, epoch_ns(from_ts) AS "from", epoch_ns(to_ts) AS "to" FROM ${alias}.main.coverage`,
    );
    return rows as unknown as CoverageRange[]; // the SELECT names exactly its fields
  }
  const [row] = await readRows(
    connection,
    `SELECT decode(value) AS value FROM parquet_kv_metadata(${literal(layout.absolute(entry.path))}) WHERE decode(key) = 'coverage'`,
  );
  const ranges = JSON.parse(String(row?.['value'] ?? '[]')) as Record<string, string>[];
  return ranges.map((one) => ({
    source: String(one['source']),
    from: BigInt(one['from_ns'] ?? 0),
    to: BigInt(one['to_ns'] ?? 0),
  }));
}

/** Catalog name of the file with this index inside `withAttached`. */
export function attachedAlias(index: number): string {
  return `tb_input_${index}`;
}

/** Attaches day files read-only, passes their relations to `body`, and detaches them whatever happens. */
export async function withAttached<T>(
  connection: DuckConnection,
  layout: Layout,
  entries: readonly InputFile[],
  body: (relations: readonly string[]) => Promise<T>,
): Promise<T> {
  const attached: string[] = [];
  const use = async (): Promise<T> => {
    const relations: string[] = [];
    for (const [index, entry] of entries.entries()) {
      const alias = attachedAlias(index);
      if (entry.tier === 'hot') {
        await connection.run(attachSql(layout, entry, alias));
        attached.push(alias);
      }
      relations.push(dayRelation(layout, entry, alias));
    }
    return await body(relations);
  };
  return await withCleanup(use, async () => {
    for (const alias of attached.reverse()) await connection.run(`DETACH ${alias}`);
  });
}
