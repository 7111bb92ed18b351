import type { BigIntStats } from 'node:fs';
import { posix } from 'node:path';
import { hashFile, type Layout } from '@tb/schema';
import { literal } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats } from './file-stats.ts';
import type { VerifiedRow } from './manifest.ts';

/** What the manifest recorded about a file: a `FileEntry` or a `MonthEntry` fits. */
export interface RecordedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** How long the word of another process about a file is taken. */
const TRUST_NS = 24n * 3_600_000_000_000n;

/** Options of a verifier. */
export interface FileVerifierOptions {
  readonly layout: Layout;
  /** `Manifest.findVerified`: spares a sha256 of what the publisher or `tb health --full` hashed in the last 24 h. */
  readonly findVerified?: ((path: string) => VerifiedRow | undefined) | undefined;
  /** ns UTC; the clock by default. */
  readonly now?: (() => bigint) | undefined;
}

/**
 * Checks published files before they are used: size, no `.wal` beside it, sha256 of every byte. DuckDB's own checksums
 * do not suffice: of 176 swaps of valid blocks 20 gave wrong answers silently and 28 crashed the process.
 *
 * One a process. A file is hashed once, and again when its identity (device, inode, size, mtime, ctime) changes. Call it
 * before the first ATTACH: reading a file that this process has attached drops DuckDB's locks.
 */
export class FileVerifier {
  readonly #options: FileVerifierOptions;
  readonly #known = new Map<string, { readonly sha256: string; readonly stats: BigIntStats }>();

  constructor(options: FileVerifierOptions) {
    this.#options = options;
  }

  /**
   * @throws `DAY_FILE_MISSING`; `DAY_FILE_CORRUPT` with what was observed and what the manifest says.
   */
  async verify(file: RecordedFile): Promise<void> {
    const path = this.#options.layout.absolute(file.path);
    const stats = await inspectFile(path, file);
    const known = this.#known.get(path);
    if (known && known.sha256 === file.sha256 && hasSameTimes(known.stats, stats)) return;
    if (!this.#isVouchedFor(file, stats)) await compareHash(path, file);
    this.#known.set(path, { sha256: file.sha256, stats });
  }

  #isVouchedFor(file: RecordedFile, stats: BigIntStats): boolean {
    const row = this.#options.findVerified?.(file.path);
    if (!row || row.sha256 !== file.sha256) return false;
    const age = (this.#options.now ?? clockNs)() - row.at;
    return age >= 0n && age < TRUST_NS && isRecordedIdentity(row, stats);
  }
}

/**
 * Checks one file: size, no `.wal`, sha256 of every byte, always. For a file that this process has not attached.
 * @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`
 */
export async function verifyFile(layout: Layout, file: RecordedFile): Promise<void> {
  const path = layout.absolute(file.path);
  await inspectFile(path, file);
  await compareHash(path, file);
}

/** `ATTACH ... (TYPE duckdb, READ_ONLY)`: without TYPE a file that begins like SQLite makes DuckDB look for an extension. */
export function attachSql(layout: Layout, file: { readonly path: string }, alias: string): string {
  return `ATTACH ${literal(layout.absolute(file.path))} AS ${alias} (TYPE duckdb, READ_ONLY)`;
}

async function inspectFile(path: string, file: RecordedFile): Promise<BigIntStats> {
  const stats = await readable(file, findStats(path));
  if (!stats) throw new HistoryError('DAY_FILE_MISSING', `Day file ${file.path} is not there`);
  if (!stats.isFile()) throw corrupt(file, 'is not a regular file');
  if (Number(stats.size) !== file.sizeBytes)
    throw corrupt(file, `is ${stats.size} bytes, the manifest says ${file.sizeBytes}`);
  if (await findStats(`${path}.wal`))
    throw corrupt(file, `has a ${posix.basename(file.path)}.wal beside it: somebody wrote to it`);
  return stats;
}

async function compareHash(path: string, file: RecordedFile): Promise<void> {
  const { sha256 } = await readable(file, hashFile(path));
  if (sha256 !== file.sha256)
    throw corrupt(
      file,
      `has sha256 ${sha256.slice(0, 16)}, the manifest says ${file.sha256.slice(0, 16)}`,
    );
}

/** What keeps this one file from being read is said of this file; what concerns the process is passed on. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENOTDIR', 'EISDIR']);

async function readable<T>(file: RecordedFile, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !UNREADABLE.has(code)) throw error;
    throw corrupt(file, `cannot be read: ${code}`, error);
  }
}

function corrupt(file: RecordedFile, what: string, cause?: unknown): HistoryError {
  return new HistoryError('DAY_FILE_CORRUPT', `Day file ${file.path} ${what}`, { cause });
}

function hasSameTimes(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

function isRecordedIdentity(row: VerifiedRow, stats: BigIntStats): boolean {
  return (
    row.dev === BigInt.asIntN(64, stats.dev) &&
    row.ino === BigInt.asIntN(64, stats.ino) &&
    row.size === stats.size &&
    row.mtimeNs === stats.mtimeNs &&
    row.ctimeNs === stats.ctimeNs
  );
}

function clockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
