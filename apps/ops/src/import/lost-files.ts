import { lstat } from 'node:fs/promises';
import {
  dayFileLabel,
  type GateResult,
  isFileUnusable,
  type ManifestWriter,
  quarantineFile,
  verifyFile,
} from '@tb/history';
import type { Layout } from '@tb/schema';
import type { BuildJob, ImportDate, LostFile } from './build-job.ts';

const GATE = 'published_readable';

/**
 * Published files of a date that cannot be read, when somebody accepts that: a correction then replaces them by the input.
 * @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT` when nobody does, or when rows are added: they need those that are there.
 */
export async function findLost(
  layout: Layout,
  job: BuildJob,
  date: ImportDate,
): Promise<readonly LostFile[]> {
  const lost: LostFile[] = [];
  for (const file of date.published)
    try {
      await verifyFile(layout, file);
    } catch (error) {
      const isLost = isFileUnusable(error);
      if (!isLost || !acceptsLost(job)) throw error;
      lost.push({ file, reason: error.message });
    }
  return lost;
}

/** Whether published files that cannot be read may be replaced. */
export function acceptsLost(job: Pick<BuildJob, 'mode' | 'explained'>): boolean {
  return job.mode === 'replace' && explanationOf(job) !== undefined;
}

function explanationOf({ explained }: Pick<BuildJob, 'explained'>): string | undefined {
  return explained.find(({ gate, symbol }) => gate === GATE && symbol === undefined)?.reason;
}

/** What is told of a lost file that somebody accepts. */
export function lostFinding({ file, reason }: LostFile, job: BuildJob): GateResult {
  return {
    gate: GATE,
    ok: true,
    severity: 'refuse',
    subject: dayFileLabel(file),
    observed: `${reason}; ${file.rows} rows of ${file.symbols} symbols`,
    expected: 'as it was published',
    explanation: explanationOf(job),
  };
}

/** Moves lost files that are still there, and what somebody wrote beside them, to quarantine: other revisions stand for them. */
export async function quarantineLost(
  writer: ManifestWriter,
  lost: readonly LostFile[],
): Promise<void> {
  for (const { file, reason } of lost)
    for (const path of [file.path, `${file.path}.wal`])
      if (await isFile(writer.layout.absolute(path))) await quarantineFile(writer, path, reason);
}

function isFile(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isFile(),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
  );
}
