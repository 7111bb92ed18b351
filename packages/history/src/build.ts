import { randomUUID } from 'node:crypto';
import { dirname, posix } from 'node:path';
import { createFolder, type DayFileKey, type Layout, SCHEMA_VERSION } from '@tb/schema';
import type { BuiltFile } from './day-file.ts';
import { type DuckConnection, readRow } from './duck.ts';
import { type Profile, profileOf } from './profile.ts';
import { assertColumns, canonicalRelation } from './rows.ts';
import { slicesOf } from './slices.ts';
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
  const profile = await profileOf(connection, spec.key.kind, rows);
  return (await buildFromProfile(connection, spec, rows, profile)).file;
}

/**
 * @internal `buildDayFile` for a caller that checked and scanned the rows.
 * @param rows Canonical relation.
 * @returns `profile` is that of the file, as it was read back.
 */
export async function buildFromProfile(
  connection: DuckConnection,
  spec: Omit<BuildSpec, 'rowsSql'>,
  rows: string,
  profile: Profile,
): Promise<{ readonly file: BuiltFile; readonly profile: Profile }> {
  const { layout, key } = spec;
  const path = layout.dayFile(key);
  const tempPath = posix.join(posix.dirname(path), tempName(key.tradingDate));
  const slices = await slicesOf(connection, rows, profile, spec.originNs ?? 0n, spec.sliceRows);
  const versions = {
    schemaVersion: SCHEMA_VERSION,
    sourceFingerprint: spec.sourceFingerprint,
    writerVersion: WRITER_VERSION,
    duckdbVersion: await duckdbVersion(connection),
  };
  const absolute = layout.absolute(tempPath);
  await createFolder(dirname(absolute));
  const { file: written, profile: readBack } = await writeFile(
    connection,
    absolute,
    {
      kind: key.kind,
      rows,
      profile,
      slices,
      symbols: spec.symbols,
      coverage: spec.coverage ?? [],
      metadata: { ...key, ...versions },
    },
    (step) => spec.onStep?.(step, key),
  );
  const file: BuiltFile = {
    ...{ ...key, ...versions, ...written, tempPath, path },
    rows: profile.rows,
    symbols: profile.symbols.length,
    minTs: profile.minTs === undefined ? null : String(profile.minTs),
    maxTs: profile.maxTs === undefined ? null : String(profile.maxTs),
    contentHash: profile.contentHash,
  };
  return { file, profile: readBack };
}

/** A name that no other build uses, and that says which trading date it belongs to. */
export function tempName(tradingDate: string): string {
  return `.tmp-${tradingDate}-${randomUUID()}.duckdb`;
}

/** e.g. `v1.5.6`. */
export async function duckdbVersion(connection: DuckConnection): Promise<string> {
  return String((await readRow(connection, 'SELECT version() AS version'))['version']);
}
