import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface PuppetConfig {
  readonly dir: string;
  readonly fence?: string;
  readonly heartbeat?: 'main' | 'worker';
  readonly waitMs?: number;
  readonly purpose?: string;
  readonly foreign?: 'refuse' | 'after-quiet';
  readonly foreignQuietMs?: number;
  /** Step at which it kills itself. */
  readonly killAt?: string;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly reason?: string;
  readonly holder?: { readonly pid: number; readonly epoch: number };
}

/** A process that holds a lock and does what it is told. `await using` kills it. */
export interface Puppet extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Value of a verb of children/puppet.mjs; rejects with an Error that has the fields of `Failure`. */
  ask<T = unknown>(verb: string, options?: object): Promise<T>;
  /** Resolves when the event was told, also if that was before. */
  heard(event: string): Promise<void>;
  /** Resolves when the process stands still, by whomever it was stopped. */
  stopped(): Promise<void>;
  /** Sends the signal; for SIGSTOP resolves when the process is stopped, for SIGKILL when it is gone. */
  signal(name: NodeJS.Signals): Promise<void>;
  stderr(): string;
}

export interface Launch {
  /** Program and arguments in front of node, e.g. setpriv or unshare. */
  readonly prefix?: readonly string[];
  readonly script?: string;
  /** When the prefix forks, the child's pid is not the puppet's: its own, as it says. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startPuppet(config: PuppetConfig, launch: Launch = {}): Promise<Puppet> {
  const script = fileURLToPath(
    new URL(`children/${launch.script ?? 'puppet.mjs'}`, import.meta.url),
  );
  const [program = '', ...args] = [
    ...(launch.prefix ?? []),
    process.execPath,
    script,
    JSON.stringify(config),
  ];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...launch.env },
  });
  const puppet = new ChildPuppet(child);
  await puppet.heard('ready');
  return puppet;
}

/** Starts one and lets it acquire. */
export async function startHolder(config: PuppetConfig, launch: Launch = {}): Promise<Puppet> {
  const puppet = await startPuppet(config, launch);
  await puppet.ask('acquire');
  return puppet;
}

export function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  } catch {
    return undefined; // gone
  }
}

interface Message {
  readonly id?: number;
  readonly event?: string;
  readonly value?: never;
  readonly failure?: Failure;
}

class ChildPuppet implements Puppet {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #asked = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  readonly #early = new Map<number, Message>();
  readonly #events = new Set<string>();
  #listeners: (() => void)[] = [];
  #errors = '';
  #next = 1;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve(signal ?? code);
        const gone = new Error(`Puppet ${child.pid} ended (${signal ?? code}): ${this.#errors}`);
        for (const waiting of this.#asked.values()) waiting.reject(gone);
        for (const listen of this.#listeners) listen();
      });
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    child.stdin.on('error', () => {}); // it may be gone; `ended` tells
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line)));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  ask<T>(verb: string, options: object = {}): Promise<T> {
    const id = this.#next++;
    const answer = new Promise<T>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    const early = this.#early.get(id); // a script that answers before it is asked
    if (early !== undefined) this.#hear(early);
    answer.catch(() => {}); // a puppet that kills itself answers nobody, and not every test waits
    this.child.stdin.write(`${JSON.stringify({ id, verb, ...options })}\n`);
    return answer;
  }

  async heard(event: string): Promise<void> {
    while (!this.#events.has(event)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`Puppet ended before '${event}': ${this.#errors}`);
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    this.child.kill(name);
    if (name === 'SIGKILL') await this.ended;
    if (name === 'SIGSTOP') await this.stopped();
  }

  async stopped(): Promise<void> {
    while (processState(this.pid) !== 'T') await sleep(1);
  }

  stderr(): string {
    return this.#errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  #hear(message: { id?: number; event?: string; value?: never; failure?: Failure }): void {
    if (message.event !== undefined) this.#events.add(message.event);
    for (const listen of this.#listeners.splice(0)) listen();
    if (message.id === undefined) return;
    const waiting = this.#asked.get(message.id);
    if (waiting === undefined) {
      this.#early.set(message.id, message);
      return;
    }
    this.#asked.delete(message.id);
    if (message.failure === undefined) waiting.resolve(message.value as never);
    else waiting.reject(Object.assign(new Error(message.failure.message), message.failure));
  }
}
