import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '@tb/simulator';
import { applyBytes, DiskModel, type ModelFile, ModelFolder } from './disk-model.ts';
import { freshRunner, hostedRunner } from './fault-host.ts';
import { runFaulted } from './fault-run.ts';
import { type Entry, parseRecording } from './recording.ts';
import type { Scenario } from './scenario.ts';
import { evidenceOf, findings, openStage, rerun, resetWork, type Stage } from './trial.ts';

export interface DeathOptions {
  readonly seed: number;
  /** Of so many disks one is also rerun to completion, default 1: each. */
  readonly rerunEvery?: number;
  /** At most so many disks, spread over the recording by the seed. Default: all. */
  readonly limit?: number;
}

export interface DeathResult {
  readonly scenario: string;
  readonly seed: number;
  /** Disks between two changes, as a SIGKILL of all processes leaves them. */
  readonly whole: number;
  /** Disks in the middle of a write. */
  readonly torn: number;
  readonly reruns: number;
  readonly violations: readonly {
    readonly after: number;
    readonly torn: boolean;
    readonly problem: string;
  }[];
}

/** The bytes that programs see: the system lives on, so nothing is lost that was written. */
function contentOf(file: ModelFile): Buffer {
  let content: Buffer = Buffer.from(file.durable);
  for (const change of file.pending) content = applyBytes(content, change);
  return content;
}

/** Writes the disk as programs see it into an empty folder. SQLite makes `-shm` files anew. */
function writeLive(folder: ModelFolder, path: string, written: Map<ModelFile, Buffer>): void {
  for (const [name, node] of folder.live) {
    const at = join(path, name);
    if (node instanceof ModelFolder) {
      mkdirSync(at);
      writeLive(node, at, written);
    } else if (!name.endsWith('-shm')) {
      const content = written.get(node) ?? contentOf(node);
      written.set(node, content);
      writeFileSync(at, content);
      if ((node.mode & 0o200) === 0) chmodSync(at, node.mode);
    }
  }
}

/** Does the entry change what programs see? */
const changes = (entry: Entry): boolean => entry.kind !== 'sync' && entry.kind !== 'ack';

/** One disk: after so many entries of the recording, and so many bytes of the next one. */
interface Moment {
  readonly after: number;
  readonly tornBytes: number;
}

function momentsOf(entries: readonly Entry[], { seed, limit }: DeathOptions): Moment[] {
  const rng = random(`${seed}:deaths`);
  const all: Moment[] = [];
  for (const [after, entry] of entries.entries()) {
    if (changes(entry)) all.push({ after, tornBytes: 0 });
    if (entry.kind === 'write' && entry.bytes.length > 1)
      all.push({ after, tornBytes: rng.between(1, entry.bytes.length - 1) });
  }
  all.push({ after: entries.length, tornBytes: 0 });
  if (limit === undefined || all.length <= limit) return all;
  return rng
    .shuffle(all)
    .slice(0, limit)
    .sort((a, b) => a.after - b.after || a.tornBytes - b.tornBytes);
}

async function recordingOf(stage: Stage, seed: number): Promise<[DiskModel, Entry[]]> {
  const { scenario, work } = stage;
  resetWork(stage);
  const disk = new DiskModel(work, 'ordered');
  const point = { mode: 'record', at: 0, seed } as const;
  const run = await runFaulted(scenario.command(work), { root: work, point });
  if (run.exitCode !== 0)
    throw new Error(`Scenario ${scenario.name} fails under recording: ${run.stderr}`);
  return [disk, parseRecording(run.recording)];
}

/** The invariants on the disk that lies in `work`, and after a rerun. */
async function judge(stage: Stage, acked: string, isRerun: boolean): Promise<string[]> {
  const problems = [
    ...(await findings(stage.scenario, stage.work, evidenceOf(stage.scenario, acked, false))),
  ];
  return isRerun ? [...problems, ...(await rerun(stage))] : problems;
}

/**
 * Records one run, and rebuilds from it the disk as it is when all processes are killed: before each change, and in the
 * middle of each write. Costs no run of the command for each point, as the modes `kill-all` and `torn` do.
 *
 * @throws Error when the command fails under recording, or makes a change that a recording cannot follow.
 */
export async function runDeaths(scenario: Scenario, options: DeathOptions): Promise<DeathResult> {
  using opened = await openStage(scenario);
  await using runner = hostedRunner(opened.work);
  const stage: Stage = { ...opened, runner };
  const fresh: Stage = { ...opened, runner: freshRunner(opened.work) };
  const [disk, entries] = await recordingOf(stage, options.seed);
  const violations: DeathResult['violations'][number][] = [];
  let [done, acked, whole, torn, reruns] = [0, '', 0, 0, 0];
  for (const { after, tornBytes } of momentsOf(entries, options)) {
    for (; done < after; done += 1) {
      const entry = entries[done] as Entry;
      disk.apply(entry);
      if (entry.kind === 'ack') acked += entry.text;
    }
    const put = (): void => {
      rmSync(stage.work, { recursive: true, force: true });
      mkdirSync(stage.work);
      const entry = entries[after] as Entry;
      const undo = tornBytes > 0 ? disk.applyTorn(entry, tornBytes) : undefined;
      writeLive(disk.root, stage.work, new Map());
      undo?.();
    };
    const isRerun = (whole + torn) % (options.rerunEvery ?? 1) === 0;
    put();
    let problems = await judge(stage, acked, isRerun);
    if (problems.length > 0) {
      put(); // The verdict of a process of its own counts.
      problems = await judge(fresh, acked, isRerun);
    }
    violations.push(...problems.map((problem) => ({ after, torn: tornBytes > 0, problem })));
    if (isRerun) reruns += 1;
    if (tornBytes > 0) torn += 1;
    else whole += 1;
  }
  return { scenario: scenario.name, seed: options.seed, whole, torn, reruns, violations };
}
