import { rm } from 'node:fs/promises';
import { type DayFileKey, type Kind, readSql, sealFile } from '@tb/schema';
import { type FileIdentity, SORT } from './day-file.ts';
import {
  type DuckConnection,
  identifier,
  inTransaction,
  literal,
  readRow,
  withCleanup,
} from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats, identityOf } from './file-stats.ts';
import { allEnded } from './lanes.ts';
import { findDifference, type Profile, profileOf } from './profile.ts';
import { type Slice, sliceCondition } from './slices.ts';

/** Named points of a build, in order; tests kill a process at each. */
export type BuildStep =
  | 'attached'
  | 'inserted'
  | 'checkpointed'
  | 'detached'
  | 'verified'
  | 'hashed'
  | 'protected'
  | 'synced';

/** When a feed was connected, ns UTC, half-open. */
export interface CoverageRange {
  readonly source: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** What goes into a DuckDB file of day-file form. */
export interface FileContents {
  readonly kind: Kind;
  /** A canonical relation, see `canonicalRelation`. */
  readonly rows: string;
  /** Reads the profile of `rows`, the side that the file is compared with; called once, as the rows begin to be written. */
  readonly profile: () => Promise<Profile>;
  readonly slices: readonly Slice[];
  /** Text of at least the sids of the rows. */
  readonly symbols: ReadonlyMap<number, string>;
  readonly coverage: readonly CoverageRange[];
  readonly metadata: Omit<DayFileKey, 'kind'> & {
    readonly schemaVersion: string;
    readonly sourceFingerprint: string;
    readonly writerVersion: string;
    readonly duckdbVersion: string;
  };
  /** Rows a row group; DuckDB's default when absent. */
  readonly rowGroupRows?: number | undefined;
}

/** The file as it stands on the disk, the profile of its source, and that of what was read back: one multiset of rows. */
export interface ProfiledFile {
  readonly file: WrittenFile;
  readonly source: Profile;
  readonly target: Profile;
}

/** The file as it stands on the disk. */
interface WrittenFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly identity: FileIdentity;
}

/** Catalog names are of the instance, and two builds may run beside each other. */
let builds = 0;

/**
 * The build protocol: write by slices, CHECKPOINT, DETACH, assert that no .wal is left, attach READ_ONLY and compare the
 * multiset of rows with the source, DETACH, sha256, 0444, fsync. On any failure the file is removed.
 *
 * @param path Absolute; its folder exists, the file does not.
 * @throws `BUILD_MISMATCH`, `SID_UNKNOWN`, `BUILD_FAILED`
 */
export async function writeFile(
  connection: DuckConnection,
  path: string,
  contents: FileContents,
  onStep: (step: BuildStep) => void = () => {},
): Promise<ProfiledFile> {
  const step = (done: BuildStep): void => onStep(done);
  builds += 1;
  const alias = `tb_build_${builds}`;
  try {
    await attachNew(connection, path, alias, contents.rowGroupRows);
    const write = async (): Promise<Profile> => {
      step('attached');
      const profile = await fill(connection, alias, contents);
      step('inserted');
      await connection.run(`CHECKPOINT ${alias}`);
      step('checkpointed');
      return profile;
    };
    const source = await withCleanup(write, () => connection.run(`DETACH ${alias}`));
    if (await findStats(`${path}.wal`))
      throw new HistoryError('BUILD_MISMATCH', `${path} still has a .wal after its checkpoint`);
    step('detached');
    const target = await readBack(connection, path, alias, contents.kind);
    assertSame(path, source, target);
    step('verified');
    const { stats, ...sealed } = await sealFile(path, step);
    return { file: { ...sealed, identity: identityOf(stats) }, source, target };
  } catch (error) {
    await rm(path, { force: true });
    await rm(`${path}.wal`, { force: true });
    if (error instanceof TypeError || error instanceof HistoryError) throw error;
    throw new HistoryError('BUILD_FAILED', `Day file ${path} was not written`, { cause: error });
  }
}

async function attachNew(
  connection: DuckConnection,
  path: string,
  alias: string,
  rowGroupRows: number | undefined,
): Promise<void> {
  const rowGroup = rowGroupRows === undefined ? '' : `, ROW_GROUP_SIZE ${rowGroupRows}`;
  // 64 KB blocks: 1.39 MB in place of 2.11 for 75k candles. v1.5.0 refuses a stale .wal, and packs 64 KB blocks.
  await connection.run(
    `ATTACH ${literal(path)} AS ${alias} (TYPE duckdb, BLOCK_SIZE 65536, STORAGE_VERSION 'v1.5.0'${rowGroup})`,
  );
}

/** One transaction: each commit would sync the log once more. Full row groups go to the file as they come. */
async function fill(
  connection: DuckConnection,
  alias: string,
  contents: FileContents,
): Promise<Profile> {
  const before = await readRow(
    connection,
    'SELECT current_database() AS catalog, current_schema() AS schema',
  );
  const [catalog, schema] = [String(before['catalog']), String(before['schema'])];
  const restore = `USE ${identifier(catalog)}.${identifier(schema)}`;
  const writeRows = async (): Promise<void> => {
    // DDL runs after USE, with unqualified names: a view with a qualified one fails under another alias.
    await connection.run(
      `USE ${alias}.main; ${readSql(`day_file/${contents.kind}.sql`)}; ${restore}`,
    );
    for (const slice of contents.slices)
      await connection.run(
        `INSERT INTO ${alias}.main.data SELECT * FROM ${contents.rows} AS rows
         WHERE ${sliceCondition(slice)} ORDER BY ${SORT[contents.kind]}`,
      );
  };
  const write = async (): Promise<Profile> => {
    const [profile] = await allEnded([contents.profile(), writeRows()]);
    const inserts = [
      metadataInsert(alias, contents),
      symbolsInsert(alias, profile, contents.symbols),
      ...coverageInserts(alias, contents.coverage),
    ];
    await connection.run(inserts.join('; '));
    return profile;
  };
  try {
    return await inTransaction(connection, write);
  } catch (error) {
    // A rollback does not undo USE.
    return await withCleanup(
      () => Promise.reject(error),
      () => connection.run(restore),
    );
  }
}

/**
 * What the file says about its symbols, from the profile of its rows. As one JSON text, which DuckDB parses 10 times as fast as rows
 * of VALUES; to join a table of all symbols of an exchange cost more than the rest of a daily file.
 * @throws `SID_UNKNOWN`
 */
function symbolsInsert(
  alias: string,
  profile: Profile,
  symbols: ReadonlyMap<number, string>,
): string {
  const objects = profile.symbols.map(({ sid, rows, minTs, maxTs }) => {
    const symbol = symbols.get(sid);
    if (symbol === undefined)
      throw new HistoryError('SID_UNKNOWN', `Rows carry sid ${sid}, which has no symbol`);
    // Numbers as text: JSON.stringify takes no bigint.
    return `{"sid":${sid},"symbol":${JSON.stringify(symbol)},"rows":${rows},"first":${minTs},"last":${maxTs}}`;
  });
  const type =
    '[{"sid":"INTEGER","symbol":"VARCHAR","rows":"BIGINT","first":"BIGINT","last":"BIGINT"}]';
  return `INSERT INTO ${alias}.main.symbols
    SELECT one.sid, one.symbol, one.rows, make_timestamp_ns(one.first), make_timestamp_ns(one.last)
    FROM (SELECT unnest(from_json(${literal(`[${objects.join(',')}]`)}, '${type}')) AS one)`;
}

function metadataInsert(alias: string, contents: FileContents): string {
  const { metadata } = contents;
  const values = [
    literal(metadata.exchange),
    literal(contents.kind),
    literal(metadata.timeframe),
    literal(metadata.tradingDate),
    String(metadata.revision),
    literal(metadata.schemaVersion),
    literal(metadata.sourceFingerprint),
    literal(metadata.writerVersion),
    literal(metadata.duckdbVersion),
  ];
  return `INSERT INTO ${alias}.main.metadata VALUES (${values.join(', ')})`;
}

function coverageInserts(alias: string, coverage: readonly CoverageRange[]): string[] {
  if (coverage.length === 0) return [];
  const values = coverage.map(
    (one) =>
      `(${literal(one.source)}, make_timestamp_ns(${one.from}), make_timestamp_ns(${one.to}))`,
  );
  return [`INSERT INTO ${alias}.main.coverage VALUES ${values.join(', ')}`];
}

async function readBack(
  connection: DuckConnection,
  path: string,
  alias: string,
  kind: Kind,
): Promise<Profile> {
  await connection.run(`ATTACH ${literal(path)} AS ${alias} (TYPE duckdb, READ_ONLY)`);
  return await withCleanup(
    () => profileOf(connection, kind, `${alias}.main.data`),
    () => connection.run(`DETACH ${alias}`),
  );
}

function assertSame(path: string, source: Profile, target: Profile): void {
  const difference = findDifference(source, target);
  if (!difference) return;
  throw new HistoryError(
    'BUILD_MISMATCH',
    `${path} reads back ${difference.target} rows of sid ${difference.sid}, the source has ${difference.source}` +
      (difference.source === difference.target ? ' with other contents' : ''),
  );
}
