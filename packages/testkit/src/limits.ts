import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnd, judgeEnd } from './judge.ts';
import { LIMITS, type Limit } from './limit.ts';
import { filesOf } from './litter.ts';
import { runCommand } from './process-group.ts';
import type { Scenario } from './scenario.ts';
import { tempRoot } from './temp-root.ts';
import { evidenceOf, findings, openStage, rerun, resetWork, type Stage } from './trial.ts';

/** What became of a scenario under each limit. */
export interface LimitResult {
  readonly scenario: string;
  /** How each limited run ended. */
  readonly ends: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly limit: string; readonly problem: string }[];
}

/** Why disks cannot be filled here, as a sentence for a skip line. */
export function limitsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `Small disks want Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'Small disks want root, to mount a tmpfs';
  return undefined;
}

const ROOM_BYTES = 64 << 20;

/** A tmpfs of its own, unmounted and removed on disposal. @throws Error when it cannot be mounted. */
export function smallDisk(sizeBytes: number = ROOM_BYTES): { readonly path: string } & Disposable {
  const root = tempRoot('disk');
  const path = root.at('mount');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tb-testkit', path]);
  } catch (error) {
    root.remove();
    throw error;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', [path]);
      root.remove();
    },
  };
}

async function limited(
  stage: Stage,
  limit: Limit,
  disk: string,
): Promise<{ end: string; problems: string[] }> {
  const { scenario, work, expected } = stage;
  resetWork(stage);
  limit.impose?.(disk);
  const problems: string[] = [];
  let end: string;
  try {
    const command = scenario.command(work);
    const run = await runCommand(limit.wrap?.(command) ?? command);
    end = describeEnd(run);
    if (limit.isBelowUs?.(run) !== true)
      problems.push(...judgeEnd(scenario, { ...stage.reference, ...run, fired: 0 }));
    const completed = run.exitCode === 0;
    problems.push(...(await findings(scenario, work, evidenceOf(scenario, run.stdout, completed))));
    if (completed && (await scenario.digest(work)) !== expected)
      problems.push('exit 0, but the content differs');
  } finally {
    limit.lift?.(disk);
  }
  problems.push(...(await rerun(stage)));
  return { end, problems };
}

/** Runs a scenario under each limit; then, the limit gone, again to completion. */
export async function runLimits(
  scenario: Scenario,
  limits: readonly Limit[] = LIMITS,
): Promise<LimitResult> {
  using prepared = await openStage(scenario);
  const bytes = filesOf(prepared.template).map(
    (path) => statSync(join(prepared.template, path)).size,
  );
  using disk = smallDisk(bytes.reduce((sum, one) => sum + one, ROOM_BYTES));
  const stage = { ...prepared, work: join(disk.path, 'work') };
  const ends: Record<string, string> = {};
  const violations: { limit: string; problem: string }[] = [];
  for (const limit of limits) {
    const { end, problems } = await limited(stage, limit, disk.path);
    ends[limit.name] = end;
    violations.push(...problems.map((problem) => ({ limit: limit.name, problem })));
  }
  return { scenario: scenario.name, ends, violations };
}
