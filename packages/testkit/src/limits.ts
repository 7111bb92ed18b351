import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnd, judgeEnd } from './judge.ts';
import { type Command, type Outcome, runCommand } from './process-group.ts';
import type { Scenario } from './scenario.ts';
import { tempRoot } from './temp-root.ts';
import { evidenceOf, findings, openStage, rerun, resetWork, type Stage } from './trial.ts';

/** Something that runs out for one run of a command, and is there again for the next. */
export interface Limit {
  readonly name: string;
  /** Called after the fresh copy; `disk` is the root of the file system that the copy is on. */
  readonly impose?: (disk: string) => void;
  readonly wrap?: (command: Command) => Command;
  readonly lift?: (disk: string) => void;
  /** Ends that the system or Node makes below our code: what is on the disk counts, and the rerun. */
  readonly isBelowUs?: (run: Outcome) => boolean;
}

export interface LimitResult {
  readonly scenario: string;
  /** How each limited run ended. */
  readonly ends: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly limit: string; readonly problem: string }[];
}

const DISK_BYTES = 64 << 20;

/** Fills the disk until `freeBytes` are left. */
function leave(freeBytes: number): Limit {
  return {
    name: `disk with ${freeBytes} bytes free`,
    impose: (disk) => {
      const { bavail, bsize } = statfsSync(disk);
      const fill = bavail * bsize - freeBytes;
      if (fill < 0)
        throw new Error(`The disk has ${bavail * bsize} bytes, fewer than ${freeBytes}`);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(fill));
    },
    lift: (disk) => rmSync(join(disk, 'filler'), { force: true }),
  };
}

/** `ulimit` of the shell, set for the command alone. */
function ulimit(
  name: string,
  flag: string,
  value: number,
  isBelowUs: (run: Outcome) => boolean,
): Limit {
  const wrap = (command: Command): Command => ({
    ...command,
    argv: ['sh', '-c', `ulimit ${flag} ${value} && exec "$@"`, 'sh', ...command.argv],
  });
  return { name: `${name} ${value}`, wrap, isBelowUs };
}

const remount = (disk: string, how: string): void => {
  execFileSync('mount', ['-o', `remount,${how}`, disk]);
};

/** Node could not load its modules. */
const couldNotStart = ({ exitCode, stderr }: Outcome): boolean =>
  exitCode === 1 && /node:internal.*EMFILE/s.test(stderr);
/** A process that has not asked to ignore it is killed by a write beyond the limit. */
const wasStopped = ({ signal }: Outcome): boolean => signal === 'SIGXFSZ';

/** Read-only disk, six amounts of free space, few descriptors, small files. ulimit -f counts 512 bytes. */
export const LIMITS: readonly Limit[] = [
  {
    name: 'read-only disk',
    impose: (disk) => remount(disk, 'ro'),
    lift: (disk) => remount(disk, 'rw'),
  },
  ...[0, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20].map(leave),
  ...[28, 40, 64, 128].map((count) => ulimit('open files', '-n', count, couldNotStart)),
  ...[64, 1024, 8192].map((blocks) => ulimit('file size in sectors', '-f', blocks, wasStopped)),
];

/** Why disks cannot be filled here, as a sentence for a skip line. */
export function limitsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `Small disks want Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'Small disks want root, to mount a tmpfs';
  return undefined;
}

/** A tmpfs of 64 MB, unmounted and removed on disposal. @throws Error when it cannot be mounted. */
export function smallDisk(): { readonly path: string } & Disposable {
  const root = tempRoot('disk');
  const path = root.at('mount');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tb-testkit', path]);
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
  using disk = smallDisk();
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
