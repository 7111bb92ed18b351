import type { Layout } from '@tb/schema';
import { hashFile } from './file-bytes.ts';
import type { RunInput } from './run-history.ts';
import type { RunIndex, RunRecord } from './run-index.ts';

/** `changed`: the bytes are not those that were read; `missing`: there is no such file any more. */
export type FileVerdict = 'ok' | 'changed' | 'missing';

export interface InputCheck {
  readonly input: RunInput;
  readonly verdict: FileVerdict;
  /** What is on disk now; undefined when missing. */
  readonly sha256: string | undefined;
}

export interface RunVerification {
  readonly runId: string;
  /** Of the run file itself; undefined for a run that is not done. */
  readonly runFile: FileVerdict | undefined;
  /** One a file read, by trading date: `changed` and `missing` name the day. */
  readonly inputs: readonly InputCheck[];
  /** Whether every file is as it was. */
  readonly isOk: boolean;
}

/**
 * Hashes again the files that a run read, and its own, and tells which changed.
 * @param hashOf sha256 of a file, by absolute path; rejects with ENOENT when it is gone. Default: reads it whole.
 */
export async function verifyRun(
  layout: Layout,
  index: RunIndex,
  run: RunRecord,
  hashOf: (path: string) => Promise<string> = async (path) => (await hashFile(path)).sha256,
): Promise<RunVerification> {
  const recorded = await index.inputsOf(run.runId);
  const inputs: InputCheck[] = [];
  for (const input of [...recorded].sort((a, b) => compare(a.tradingDate, b.tradingDate))) {
    const sha256 = await findHash(layout, input.path, hashOf);
    inputs.push({ input, verdict: verdictOf(sha256, input.sha256), sha256 });
  }
  const runFile =
    run.state === 'done'
      ? verdictOf(await findHash(layout, run.path, hashOf), run.sha256)
      : undefined;
  const isOk =
    inputs.every((check) => check.verdict === 'ok') && (runFile === undefined || runFile === 'ok');
  return { runId: run.runId, runFile, inputs, isOk };
}

function verdictOf(found: string | undefined, expected: string | undefined): FileVerdict {
  if (found === undefined) return 'missing';
  return found === expected ? 'ok' : 'changed';
}

async function findHash(
  layout: Layout,
  path: string,
  hashOf: (path: string) => Promise<string>,
): Promise<string | undefined> {
  try {
    return await hashOf(layout.absolute(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
