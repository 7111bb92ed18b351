import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isLiveError, LiveReader, type LiveSnapshot } from '@tb/live';
import { layoutOf } from '@tb/schema';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface FeedChild {
  readonly process: ChildProcessWithoutNullStreams;
  /** stderr so far. */
  log(): string;
  /** Waits for the end; stdout as JSON, undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any field
  ended(): Promise<{ exit: number | null; json: any }>;
}

/** `tb ingest ... --json` as a process that keeps running. */
export function startIngest(words: readonly string[]): FeedChild {
  const child = spawn(process.execPath, [MAIN, 'ingest', ...words, '--json']);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined); // a killed child does not read to the end
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    process: child,
    log: () => stderr,
    ended: async () => {
      const [exit] = await closed;
      return { exit, json: stdout === '' ? undefined : (JSON.parse(stdout) as unknown) };
    },
  };
}

/** Waits until a condition holds; the test's own limit ends the wait. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

/** What another process than the writer sees of a live buffer now; undefined before there is one. */
export function liveNow(root: string, exchange: string): LiveSnapshot | undefined {
  try {
    using reader = LiveReader.open({ layout: layoutOf(root), exchange });
    return reader.snapshot();
  } catch (error) {
    if (isLiveError(error, 'LIVE_ABSENT')) return undefined;
    throw error;
  }
}

/** Ticks that a live buffer ever stored. */
export function ticksIn(root: string, exchange: string): number {
  return Number(liveNow(root, exchange)?.seq ?? 0n);
}
