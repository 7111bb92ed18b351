import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultPoint } from './fault-mode.ts';
import { FaultPage } from './fault-page.ts';
import { type FaultRun, runFaulted, shimEnvironment } from './fault-run.ts';
import { filesOf } from './litter.ts';
import { type Command, killGroup, type Outcome, settle } from './process-group.ts';
import { type TempRoot, tempRoot } from './temp-root.ts';

const script = fileURLToPath(new URL('./fault-host-child.mjs', import.meta.url));
/** A process does not serve for ever: what one run leaves in memory must not reach many others. */
const RUNS_A_PROCESS = 50;

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Hosted {
  readonly child: ChildProcess;
  readonly page: FaultPage;
  readonly folder: TempRoot;
  /** What went past the capture: output of children, the last words of a crash. */
  strayed: string;
  runs: number;
}

/**
 * A process that runs commands one after the other under the fault shim: a third of the cost of a process each. It is
 * replaced when it dies, hangs, or holds a file or a lock of the root after a command has ended, which the end of a
 * process of its own would have given back.
 */
export class FaultHost implements AsyncDisposable {
  readonly #root: string;
  #hosted: Hosted | undefined;

  /** @param root Folder to watch, an absolute real path. */
  constructor(root: string) {
    this.#root = root;
  }

  /** As `runFaulted`. Not for modes that kill, nor for a recording. */
  async run(command: Command, point: FaultPoint): Promise<FaultRun> {
    this.#hosted ??= await this.#start(point);
    const hosted = this.#hosted;
    hosted.page.arm(point);
    hosted.strayed = '';
    hosted.runs += 1;
    const outcome = await this.#ask(hosted, command);
    const run = hosted.page.runOf(outcome, point, this.#root);
    const isDead = hosted.child.exitCode !== null || hosted.child.signalCode !== null;
    if (isDead || hosted.runs >= RUNS_A_PROCESS || this.#holdsLock() || this.#holdsFiles(hosted))
      await this.#stop();
    return run;
  }

  async #start(point: FaultPoint): Promise<Hosted> {
    const folder = tempRoot('host');
    const page = new FaultPage(folder);
    const env = await shimEnvironment(page, { root: this.#root, point });
    const child = spawn(process.execPath, [script], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
      detached: true,
      cwd: '/',
    });
    const hosted: Hosted = { child, page, folder, strayed: '', runs: 0 };
    child.stdout?.resume();
    child.stderr?.on('data', (chunk: Buffer) => {
      hosted.strayed += chunk.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return hosted;
  }

  async #ask(hosted: Hosted, { argv, cwd, timeoutMs }: Command): Promise<Outcome> {
    const { child } = hosted;
    const group = child.pid as number;
    const started = performance.now();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(group);
    }, timeoutMs ?? 30_000);
    const end = await new Promise<Answer | { code: number | null; signal: NodeJS.Signals | null }>(
      (resolve) => {
        child.once('message', (answer) => resolve(answer as Answer));
        child.once('close', (code, signal) => resolve({ code, signal }));
        child.send({ script: argv[1], args: argv.slice(2), cwd: cwd ?? '/' });
      },
    ).finally(() => clearTimeout(timer));
    child.removeAllListeners('message').removeAllListeners('close');
    const durationMs = performance.now() - started;
    const orphans = await settle(group, child.pid);
    const common = { durationMs, timedOut, orphans };
    if ('exitCode' in end)
      return { ...end, stderr: end.stderr + hosted.strayed, signal: null, ...common };
    const { code, signal } = end;
    return { exitCode: code, signal, stdout: '', stderr: hosted.strayed, ...common };
  }

  /** A lock that could not be given back: its record names this process, which must end for the next one to take over. */
  #holdsLock(): boolean {
    return filesOf(this.#root)
      .filter((path) => path.endsWith('.writer.lock'))
      .some((path) => /"state":\s*"held"/.test(readFileSync(join(this.#root, path), 'utf8')));
  }

  #holdsFiles({ child }: Hosted): boolean {
    const folder = `/proc/${child.pid}/fd`;
    return readdirSync(folder).some((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`).startsWith(this.#root);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // Closed meanwhile.
        throw error;
      }
    });
  }

  async #stop(): Promise<void> {
    const hosted = this.#hosted;
    this.#hosted = undefined;
    if (hosted === undefined) return;
    const { child } = hosted;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null && child.signalCode === null) {
      killGroup(child.pid as number);
      await gone;
    }
    hosted.folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** How the commands of a trial are run. */
export interface Runner extends AsyncDisposable {
  /** A run with a fault, or without one to count its calls. */
  disturbed(command: Command, point: FaultPoint): Promise<FaultRun>;
  /** The rerun, which is left alone. */
  undisturbed(command: Command): Promise<FaultRun>;
}

const UNDISTURBED: FaultPoint = { mode: 'none', at: 0, seed: 0 };
const NEEDS_PROCESS = /^(kill|kill-all|torn|record)$/;

/** A process for each run, as users have it. */
export function freshRunner(root: string): Runner {
  return {
    disturbed: (command, point) => runFaulted(command, { root, point }),
    undisturbed: (command) => runFaulted(command, { root, point: UNDISTURBED }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Two processes that live on: one is disturbed, the other one does the reruns. What kills gets a process of its own. */
export function hostedRunner(root: string): Runner {
  const [victim, rescuer] = [new FaultHost(root), new FaultHost(root)];
  return {
    disturbed: (command, point) =>
      NEEDS_PROCESS.test(point.mode)
        ? runFaulted(command, { root, point })
        : victim.run(command, point),
    undisturbed: (command) => rescuer.run(command, UNDISTURBED),
    [Symbol.asyncDispose]: async () => {
      await victim[Symbol.asyncDispose]();
      await rescuer[Symbol.asyncDispose]();
    },
  };
}
