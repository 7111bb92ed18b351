import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '@tb/simulator';
import { type Donors, MUTATIONS, mutate } from './mutate.ts';
import type { Judge, Verdict } from './verdict.ts';

/** A file that is damaged, and what may stand in for it. */
export interface MutationTarget {
  /** Relative to the root. */
  readonly path: string;
  readonly donors?: Donors;
}

export interface MutationOptions {
  /** A folder that may be damaged; each file is put back after its question. */
  readonly root: string;
  readonly targets: readonly MutationTarget[];
  readonly judge: Judge;
  /** What the judge is asked each time. */
  readonly question: unknown;
  readonly seed: number;
  /** How many damaged files in all. */
  readonly count: number;
}

export interface MutationResult {
  readonly seed: number;
  readonly files: number;
  readonly rejected: number;
  readonly right: number;
  /** Codes of the rejections, with how often. */
  readonly codes: Readonly<Record<string, number>>;
  readonly violations: readonly {
    readonly path: string;
    readonly mutation: string;
    readonly index: number;
    readonly problem: string;
  }[];
}

/** `missing` is a mutation of the folder: the file is gone. */
const WAYS: readonly string[] = [...MUTATIONS.map(({ name }) => name), 'missing'];

function problemOf(verdict: Verdict, right: string): string | undefined {
  switch (verdict.kind) {
    case 'answered':
      return JSON.stringify(verdict.value) === right ? undefined : 'a wrong answer';
    case 'rejected':
      return verdict.code === '' || verdict.code === 'UNTYPED'
        ? `an error without a code: ${verdict.message}`
        : undefined;
    case 'crashed':
      return `the process died: ${verdict.end}`;
    case 'hung':
      return 'no answer in 5 s';
  }
}

/**
 * Damages one file at a time and asks the judge. Either the answer is the one that the whole root gives, or it is
 * rejected with a code.
 *
 * @throws Error when the undamaged root is not answered: nothing could be concluded.
 */
export async function runMutations(options: MutationOptions): Promise<MutationResult> {
  const { root, targets, judge, question, seed } = options;
  const first = await judge.ask(question, 60_000);
  if (first.kind !== 'answered')
    throw new Error(`The undamaged root is not answered: ${JSON.stringify(first)}`);
  const right = JSON.stringify(first.value);
  const rng = random(`${seed}:mutations`);
  const originals = new Map(targets.map(({ path }) => [path, readFileSync(join(root, path))]));
  const codes: Record<string, number> = {};
  const violations: MutationResult['violations'][number][] = [];
  let [files, rejected, rights] = [0, 0, 0];
  for (let index = 0; files < options.count; index += 1) {
    const target = rng.pick(targets);
    const way = rng.pick(WAYS);
    const bytes = originals.get(target.path) as Buffer;
    const mutation = MUTATIONS.find(({ name }) => name === way);
    const damaged = mutation && mutate(mutation, bytes, rng.fork(String(index)), target.donors);
    if (mutation !== undefined && damaged === undefined) continue;
    const path = join(root, target.path);
    rmSync(path);
    if (damaged !== undefined) writeFileSync(path, damaged);
    const verdict = await judge.ask(question);
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
    files += 1;
    const problem = problemOf(verdict, right);
    if (problem !== undefined)
      violations.push({ path: target.path, mutation: way, index, problem });
    else if (verdict.kind === 'rejected') {
      rejected += 1;
      codes[verdict.code] = (codes[verdict.code] ?? 0) + 1;
    } else rights += 1;
  }
  return { seed, files, rejected, right: rights, codes, violations };
}
