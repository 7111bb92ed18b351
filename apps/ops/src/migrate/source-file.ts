import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { hashFile } from '@tb/schema';
import { OpsError } from '../errors.ts';

/** The old file, by its bytes. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** sha256 of the .wal beside it; undefined without one. */
  readonly walSha256: string | undefined;
  /** What names the outputs: `trading_bot-1a2b3c4d5e6f`. */
  readonly label: string;
}

/**
 * Looks at the old file and hashes it. Opens it for reading only, and no database engine has it open here.
 * @throws `INPUT_MISSING`, `INPUT_UNREADABLE`
 */
export async function inspectSource(from: string): Promise<SourceFile> {
  const path = resolve(from);
  const stats = await stat(path).catch((cause: unknown) => {
    throw missing(path, cause);
  });
  if (!stats.isFile()) throw new OpsError('INPUT_UNREADABLE', `${path} is not a file`);
  const { sha256, sizeBytes } = await hashFile(path).catch((cause: unknown) => {
    throw missing(path, cause);
  });
  const wal = `${path}.wal`;
  const walStats = await stat(wal).catch(() => undefined);
  // An empty one holds nothing.
  const walSha256 = walStats && walStats.size > 0 ? (await hashFile(wal)).sha256 : undefined;
  const identity =
    walSha256 === undefined
      ? sha256
      : createHash('sha256').update(`${sha256} ${walSha256}`).digest('hex');
  const name = basename(path)
    .replace(/\.(duckdb|db)$/i, '')
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .replace(/^\.+/, '')
    .slice(0, 80);
  return {
    path,
    sha256,
    sizeBytes,
    walSha256,
    label: `${name || 'source'}-${identity.slice(0, 12)}`,
  };
}

function missing(path: string, cause: unknown): OpsError {
  const { code } = cause as NodeJS.ErrnoException;
  return new OpsError(
    'INPUT_MISSING',
    `${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`}`,
    { cause },
  );
}

/** @throws `SOURCE_CHANGED` when the bytes are not those of before. */
export async function assertUnchanged(source: SourceFile): Promise<void> {
  const now = await inspectSource(source.path);
  if (now.sha256 === source.sha256 && now.walSha256 === source.walSha256) return;
  throw new OpsError(
    'SOURCE_CHANGED',
    `${source.path} had sha256 ${source.sha256.slice(0, 12)}, now it has ${now.sha256.slice(0, 12)}`,
  );
}
