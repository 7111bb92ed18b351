import { hashFile, type Layout } from '@tb/schema';
import type { RunInput } from './run-history.ts';
import type { RunIndex, RunRecord } from './run-index.ts';

/** `changed`: the bytes are not those that were read; `missing`: there is no such file any more; `unreadable`: the system refused to read it. */
export type FileVerdict = 'ok' | 'changed' | 'missing' | 'unreadable';

export interface InputCheck {
  readonly input: RunInput;
  readonly verdict: FileVerdict;
  /** What is on disk now; undefined when missing or unreadable. */
  readonly sha256: string | undefined;
  /** Why it is unreadable, as the system names it: `EIO`, `EACCES`. */
  readonly errno: string | undefined;
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
 * @param hashOf sha256 of a file, by absolute path; rejects with an error of the system when it cannot. Default: reads it whole.
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
    inputs.push({ input, ...(await look(layout, input.path, input.sha256, hashOf)) });
  }
  const runFile =
    run.state === 'done' ? (await look(layout, run.path, run.sha256, hashOf)).verdict : undefined;
  const isOk =
    inputs.every((check) => check.verdict === 'ok') && (runFile === undefined || runFile === 'ok');
  return { runId: run.runId, runFile, inputs, isOk };
}

async function look(
  layout: Layout,
  path: string,
  expected: string | undefined,
  hashOf: (path: string) => Promise<string>,
): Promise<Omit<InputCheck, 'input'>> {
  try {
    const sha256 = await hashOf(layout.absolute(path));
    return { verdict: sha256 === expected ? 'ok' : 'changed', sha256, errno: undefined };
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) throw error;
    const isMissing = errno === 'ENOENT';
    return {
      verdict: isMissing ? 'missing' : 'unreadable',
      sha256: undefined,
      errno: isMissing ? undefined : errno,
    };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
