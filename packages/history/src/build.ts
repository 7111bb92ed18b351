import { randomUUID } from 'node:crypto';
import { dirname, posix } from 'node:path';
import { createFolder, type DayFileKey, type Kind, type Layout, SCHEMA_VERSION } from '@tb/schema';
import type { BuiltFile } from './day-file.ts';
import { type DuckConnection, readRow } from './duck.ts';
import { countsOf, type Profile, profileOf } from './profile.ts';
import { assertColumns, canonicalRelation } from './rows.ts';
import { type RowCounts, slicesOf } from './slices.ts';
import { WRITER_VERSION } from './version.ts';
import { type BuildStep, type CoverageRange, writeFile } from './write-file.ts';

/** One day file to build. */
export interface BuildSpec {
  readonly layout: Layout;
  readonly key: DayFileKey;
  /** A SELECT that gives the columns of `data`, in any order; evaluated in the connection's current schema. */
  readonly rowsSql: string;
  /** sid to text, of at least the sids in the rows; `ManifestSnapshot.symbols(exchange).entries()`. */
  readonly symbols: ReadonlyMap<number, string>;
  readonly coverage?: readonly CoverageRange[] | undefined;
  /** What the rows come from: goes into the file and the manifest as it is. */
  readonly sourceFingerprint: string;
  /** ns UTC of the session open: where large symbols are cut. Default 0. */
  readonly originNs?: bigint | undefined;
  /** Rows sorted at once, see `SLICE_ROWS`. */
  readonly sliceRows?: number | undefined;
  /** Called after each step of the build, for tests that kill the process. */
  readonly onStep?: ((step: BuildStep, key: DayFileKey) => void) | undefined;
}

/**
 * Builds one day file under a temporary name in its final folder, by the build protocol (see `writeFile`). Publishes
 * nothing. Meant for a child process: a sort blocks no event loop that serves anybody.
 *
 * @throws `BUILD_MISMATCH`, `SID_UNKNOWN`, `BUILD_FAILED`; TypeError when the columns are not those of `data`.
 */
export async function buildDayFile(
  connection: DuckConnection,
  spec: BuildSpec,
): Promise<BuiltFile> {
  await assertColumns(connection, spec.key.kind, `(${spec.rowsSql})`);
  const rows = canonicalRelation(spec.key.kind, `(${spec.rowsSql})`);
  return (await buildRows(connection, spec, rows)).file;
}

/** A built day file, the profile of the rows that it was built from, and that of what was read back. */
export interface ProfiledBuild {
  readonly file: BuiltFile;
  readonly source: Profile;
  readonly target: Profile;
}

/**
 * @internal `buildDayFile` for a caller that checked the rows.
 * @param rows Canonical relation.
 * @param beside A connection that sees the rows too: their profile is read there while they are written.
 */
export async function buildRows(
  connection: DuckConnection,
  spec: Omit<BuildSpec, 'rowsSql'>,
  rows: string,
  beside?: DuckConnection,
): Promise<ProfiledBuild> {
  const { layout, key } = spec;
  const path = layout.dayFile(key);
  const tempPath = posix.join(posix.dirname(path), tempName(key.tradingDate));
  const { counts, profile } = await scan(connection, key.kind, rows, beside);
  const versions = {
    schemaVersion: SCHEMA_VERSION,
    sourceFingerprint: spec.sourceFingerprint,
    writerVersion: WRITER_VERSION,
    duckdbVersion: await duckdbVersion(connection),
  };
  const absolute = layout.absolute(tempPath);
  await createFolder(dirname(absolute));
  const { file, source, target } = await writeFile(
    connection,
    absolute,
    {
      kind: key.kind,
      rows,
      profile,
      slices: await slicesOf(connection, rows, counts, spec.originNs ?? 0n, spec.sliceRows),
      symbols: spec.symbols,
      coverage: spec.coverage ?? [],
      metadata: { ...key, ...versions },
    },
    (step) => spec.onStep?.(step, key),
  );
  const built: BuiltFile = {
    ...{ ...key, ...versions, ...file, tempPath, path },
    rows: source.rows,
    symbols: source.symbols.length,
    minTs: source.minTs === undefined ? null : String(source.minTs),
    maxTs: source.maxTs === undefined ? null : String(source.maxTs),
    contentHash: source.contentHash,
  };
  return { file: built, source, target };
}

/** What slices are cut by, and how the profile is read: of one scan, or by a second one beside the writing. */
async function scan(
  connection: DuckConnection,
  kind: Kind,
  rows: string,
  beside: DuckConnection | undefined,
): Promise<{ readonly counts: RowCounts; readonly profile: () => Promise<Profile> }> {
  if (beside)
    return {
      counts: await countsOf(connection, rows),
      profile: () => profileOf(beside, kind, rows),
    };
  const profile = await profileOf(connection, kind, rows);
  return { counts: profile, profile: () => Promise.resolve(profile) };
}

/** A name that no other build uses, and that says which trading date it belongs to. */
export function tempName(tradingDate: string): string {
  return `.tmp-${tradingDate}-${randomUUID()}.duckdb`;
}

/** Versions by connection: it does not change, and thousands of small files are built over one. */
const knownVersions = new WeakMap<DuckConnection, string>();

/** e.g. `v1.5.6`. */
export async function duckdbVersion(connection: DuckConnection): Promise<string> {
  const known = knownVersions.get(connection);
  if (known !== undefined) return known;
  const version = String((await readRow(connection, 'SELECT version() AS version'))['version']);
  knownVersions.set(connection, version);
  return version;
}
