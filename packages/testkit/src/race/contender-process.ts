import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a contender is started with; see contender.mjs. */
export interface ContenderConfig {
  readonly mode: 'race' | 'soak';
  readonly dir: string;
  readonly log: string;
  readonly port: number;
  readonly seed: number;
  readonly worker: boolean;
  readonly killShare: number;
  readonly stopShare: number;
}

/** A running contender. */
export interface Contender {
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  isAlive(): boolean;
  send(message: object): void;
  onMessage(listen: (message: Record<string, unknown>) => void): void;
  /** What it wrote to stderr: a crash of the child is a failure of the run. */
  stderr(): string;
}

/** @param script A child script that calls `contend`. */
export function startContender(script: URL, config: ContenderConfig): Contender {
  const child = spawn(process.execPath, [fileURLToPath(script), JSON.stringify(config)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  let alive = true;
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error; // killed before it read: expected here
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      alive = false;
      resolve();
    });
  });
  const lines = createInterface({ input: child.stdout });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    isAlive: () => alive && child.exitCode === null && child.signalCode === null,
    send: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    onMessage: (listen) => void lines.on('line', (line) => listen(JSON.parse(line))),
    stderr: () => errors,
  };
}

/** A loopback port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
