import { isNativeError } from 'node:util/types';
import { isHistoryError, Manifest } from '@tb/history';
import { Disposal } from '@tb/locks';
import { Calendars } from '@tb/manager';
import { isSchemaError, type Layout } from '@tb/schema';
import { assertInitialised } from '../assert-initialised.ts';
import { errorTables } from '../error-tables.ts';
import { OpsError } from '../errors.ts';
import { CHECKS } from './checks/index.ts';
import { openDatabases } from './databases.ts';
import {
  type Finding,
  fail,
  type HealthReport,
  type Observation,
  warn,
  worstOf,
} from './finding.ts';
import { hashFiles } from './hash-files.ts';
import type { Check, HealthContext } from './health-context.ts';
import { DEFAULT_LIMITS, type HealthLimits } from './limits.ts';
import type { VerifiedFile } from './record-verified.ts';

export type { HealthReport } from './finding.ts';

export interface HealthOptions {
  /** Read every byte: sha256 of all files, every index of SQLite, every batch of the live buffer. Default false. */
  readonly full?: boolean | undefined;
  readonly limits?: Partial<HealthLimits> | undefined;
  /** Wall clock, ms since 1970. */
  readonly now?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Only these checks; default all. */
  readonly checks?: readonly string[] | undefined;
  /** Called with the number of files hashed so far. */
  readonly onProgress?: ((hashedFiles: number) => void) | undefined;
  /** Called for each published file that was read to its last byte and is right: for `recordVerifiedFiles`. */
  readonly onVerified?: ((file: VerifiedFile) => void) | undefined;
}

/**
 * Looks at a whole data root and says what is wrong. Reads only, takes no lock, and runs beside writers and readers.
 * SQLite's checks block the thread of the caller; files are hashed in a child process.
 *
 * @throws `ROOT_NOT_INITIALISED` when there is no data root; `INTERRUPTED`; `WORKER_FAILED`. What a check meets in the
 *   data is a finding, not an error.
 */
export async function checkHealth(
  layout: Layout,
  options: HealthOptions = {},
): Promise<HealthReport> {
  await assertInitialised(layout);
  await using held = new Disposal();
  const context = await openContext(layout, options, held);
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    if (options.checks && !options.checks.includes(check.name)) continue;
    if (options.signal?.aborted)
      throw new OpsError('INTERRUPTED', `Stopped before the check ${check.name}`);
    const observations = await observe(check, context);
    findings.push(...observations.map((one) => ({ check: check.name, ...one })));
  }
  return { verdict: worstOf(findings), findings };
}

async function openContext(
  layout: Layout,
  options: HealthOptions,
  held: Disposal,
): Promise<HealthContext> {
  const databases = held.use(await openDatabases(layout));
  const reader = openManifest(databases.manifestLayout);
  if (reader) held.defer(() => reader.close());
  let hashed = 0;
  return {
    layout,
    isFull: options.full === true,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    nowMs: (options.now ?? Date.now)(),
    signal: options.signal,
    databases,
    manifest: reader && snapshotOf(reader),
    calendars: new Calendars(layout),
    onVerified: (file) => options.onVerified?.(file),
    hash: (paths) =>
      hashFiles(paths, {
        signal: options.signal,
        onFile: () => options.onProgress?.(++hashed),
      }),
  };
}

/** undefined for a manifest of another schema, or a damaged one: `schema` and `integrity` say which. */
function openManifest(layout: Layout | undefined): Manifest | undefined {
  try {
    return layout && Manifest.openReader(layout);
  } catch (error) {
    if (isSchemaError(error) || isHistoryError(error, 'MANIFEST_CORRUPT')) return undefined;
    throw error;
  }
}

function snapshotOf(reader: Manifest): HealthContext['manifest'] {
  try {
    return { reader, snapshot: reader.snapshot() };
  } catch (error) {
    if (isHistoryError(error, 'MANIFEST_CORRUPT')) return undefined; // told by `integrity`
    throw error;
  }
}

/** Runs one check. What it throws with a code is what it saw. */
async function observe(check: Check, context: HealthContext): Promise<readonly Observation[]> {
  try {
    return await check.run(context);
  } catch (error) {
    const observation = observationOf(error, context.layout);
    if (observation === undefined) throw error;
    return [observation];
  }
}

function observationOf(error: unknown, layout: Layout): Observation | undefined {
  if (!isNativeError(error)) return undefined;
  const { name, message, code, hint } = error as Error & { code?: string; hint?: string };
  if (code === undefined || code === 'INTERRUPTED' || code === 'WORKER_FAILED') return undefined;
  const observed = `${code}: ${message}`;
  if (code === 'EACCES' || code === 'EPERM')
    return warn(
      layout.root,
      observed,
      null,
      'Not checked: run it as a user that may read the data root.',
    );
  const entry = errorTables[name]?.[code];
  if (entry === undefined || entry.exit === 1) return undefined;
  const todo = hint ?? entry.action;
  return entry.exit === 75
    ? warn(layout.root, observed, null, todo)
    : fail(layout.root, observed, null, todo);
}
