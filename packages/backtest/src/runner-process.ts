import { readFileSync, readlinkSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import type { Runner } from './run-index.ts';

/** Runs that this thread works on. */
const underWay = new Set<string>();

/** Runs the body, and knows meanwhile that the run is under way. */
export async function whileUnderWay<T>(runId: string, body: () => Promise<T>): Promise<T> {
  underWay.add(runId);
  try {
    return await body();
  } finally {
    underWay.delete(runId);
  }
}

/**
 * Whether a run is one of this thread, which does not work on it: it failed, and the index could not be told, as on a full disk.
 */
export function isAbandoned(runId: string, runner: Runner): boolean {
  const here = thisRunner();
  const isOurs = here.startedAs !== undefined && here.startedAs === runner.startedAs;
  return isOurs && here.pid === runner.pid && !underWay.has(runId);
}

/** This process and thread, as the index records it. */
export function thisRunner(): Runner {
  const here = surroundings();
  const look = here && lookAt(process.pid);
  return {
    pid: process.pid,
    startedAs: look
      ? `${here.bootId} ${here.pidNamespace} ${look.startTicks} ${threadId}`
      : undefined,
  };
}

/**
 * Whether a runner is proven dead. A pid alone proves little, because it is reused: on Linux the start time of the process
 * and of the system decide. What cannot be known (another pid namespace, another system) counts as alive.
 */
export function isRunnerDead(runner: Runner): boolean {
  const [bootId, pidNamespace, startTicks] = runner.startedAs?.split(' ') ?? [];
  const here = surroundings();
  if (bootId !== undefined && here) {
    if (here.bootId !== bootId) return true;
    if (here.pidNamespace !== pidNamespace) return false;
    const look = lookAt(runner.pid);
    if (look) return look.startTicks !== startTicks || look.state === 'Z' || look.state === 'X';
  }
  return !mayExist(runner.pid);
}

/** What makes a pid comparable; undefined where /proc does not tell (not Linux, or a hidden /proc). */
function surroundings(): { bootId: string; pidNamespace: string } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return {
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      pidNamespace: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return undefined; // an answer: the pid alone decides then
  }
}

function lookAt(pid: number): { state: string; startTicks: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // gone, or hidden from this user: the signal probe tells which
  }
  // Fields 3 and 22. The name in field 2 may hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
}

function mayExist(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
