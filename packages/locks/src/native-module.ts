import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { LockError } from './errors.ts';

const require = createRequire(import.meta.url);
let loaded: typeof BetterSqlite3 | undefined;

/**
 * better-sqlite3, loaded once and checked before the first database is opened.
 * @throws `NATIVE_MODULE_MISSING`, `NATIVE_MODULE_UNSAFE`
 */
export function loadSqlite(): typeof BetterSqlite3 {
  if (loaded !== undefined) return loaded;
  const module = loadChecked(
    () => require('better-sqlite3') as typeof BetterSqlite3,
    () => describeBinary(require.resolve('better-sqlite3/package.json')),
    process.versions.node,
  );
  loaded = module;
  return module;
}

export interface BinaryDescription {
  readonly packageVersion: string;
  /** Undefined when the package keeps its binary elsewhere. */
  readonly binary: Uint8Array | undefined;
}

/** The checks of `loadSqlite` over what they look at, so that they can be tested without the broken binaries. */
export function loadChecked(
  load: () => typeof BetterSqlite3,
  describe: () => BinaryDescription,
  nodeVersion: string,
): typeof BetterSqlite3 {
  try {
    assertSafe(describe(), nodeVersion);
    const module = load();
    new module(':memory:').close(); // the binary itself loads with the first database
    return module;
  } catch (cause) {
    if (cause instanceof LockError) throw cause;
    const first = String((cause as Error).message).split('\n')[0];
    throw new LockError('NATIVE_MODULE_MISSING', `better-sqlite3 does not load: ${first}`, {
      cause,
    });
  }
}

/**
 * Two combinations that kill the process instead of throwing. 13.x needs Node-API 10, Node 22.14: a segmentation fault
 * before. 12.x compiled with headers of Node 24.19 or later aborts when a database is collected (nodejs/node#65446); such
 * a binary imports `RemoveEnvironmentCleanupHook`.
 */
function assertSafe(description: BinaryDescription, nodeVersion: string): void {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const sqliteMajor = Number(description.packageVersion.split('.')[0]);
  if (sqliteMajor >= 13 && (major < 22 || (major === 22 && minor < 14)))
    throw new LockError(
      'NATIVE_MODULE_UNSAFE',
      `better-sqlite3 ${description.packageVersion} needs Node 22.14, this is Node ${nodeVersion}`,
      { hint: 'Install better-sqlite3 12 here, or run Node 22.14 or later.' },
    );
  if (major !== 24 || description.binary === undefined) return;
  const { buffer, byteOffset, byteLength } = description.binary;
  if (Buffer.from(buffer, byteOffset, byteLength).includes('RemoveEnvironmentCleanupHook'))
    throw new LockError(
      'NATIVE_MODULE_UNSAFE',
      `better-sqlite3 ${description.packageVersion} was compiled with headers that abort on Node ${nodeVersion}`,
    );
}

function describeBinary(manifest: string): BinaryDescription {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const file = join(dirname(manifest), 'build', 'Release', 'better_sqlite3.node');
  // Two megabytes, read on the one major version where it matters.
  const wanted = process.versions.node.startsWith('24.') && existsSync(file);
  return { packageVersion: version, binary: wanted ? readFileSync(file) : undefined };
}
