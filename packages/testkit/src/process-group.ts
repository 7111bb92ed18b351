import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A command to run as a child process. */
export interface Command {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Given on stdin, which is then closed. */
  readonly input?: string;
  /** Default 30 s: then the whole group is killed, and `timedOut` is set. */
  readonly timeoutMs?: number;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** Children that lived on for more than 5 s after the command, and were killed. */
  readonly orphans: boolean;
}

/** Is any process of the group alive, `but` apart? Zombies, which nobody may reap in a container, do not count. */
async function isAlive(group: number, but?: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false; // ESRCH: the group is empty.
  }
  if (process.platform !== 'linux') return true;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(but)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''); // It may just have ended.
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (processGroup === String(group) && state !== 'Z' && state !== 'X') return true;
  }
  return false;
}

/** Kills every process of the group; an empty one is no error. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until the group is empty, `but` apart; after 5 s kills it.
 *
 * @returns true when it had to be killed.
 */
export async function settle(group: number, but?: number): Promise<boolean> {
  const deadline = Date.now() + 5000;
  while (await isAlive(group, but)) {
    if (Date.now() > deadline) {
      killGroup(group);
      while (await isAlive(group)) await delay(5);
      return true;
    }
    await delay(10);
  }
  return false;
}

function collect(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return {
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
  };
}

/** Runs a command in a process group of its own and waits until the whole group is gone. */
export async function runCommand(command: Command): Promise<Outcome> {
  const [program = '', ...args] = command.argv;
  const started = performance.now();
  const child = spawn(program, args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: { ...process.env, ...command.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const output = collect(child);
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error; // Killed before it read: expected here.
  });
  child.stdin.end(command.input ?? '');
  const group = child.pid;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (group !== undefined) killGroup(group);
  }, command.timeoutMs ?? 30_000);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.on('error', reject);
      // `exit`, not `close`: an orphan may keep the pipes open.
      child.on('exit', (code, by) => resolve([code, by]));
    },
  ).finally(() => clearTimeout(timer));
  const durationMs = performance.now() - started;
  const orphans = await settle(group as number);
  if (!child.stdout.closed || !child.stderr.closed)
    await new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    exitCode,
    signal,
    ...{ stdout: output.stdout(), stderr: output.stderr() },
    durationMs,
    timedOut,
    orphans,
  };
}
