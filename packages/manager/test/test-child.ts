import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Message = Readonly<Record<string, unknown>>;

/** A child process of a test: `test/children/<name>.mjs`. Killed at the end of the block, whatever happened. */
export class TestChild implements AsyncDisposable {
  readonly #name: string;
  readonly #process: ChildProcess;

  constructor(name: string, ...args: readonly string[]) {
    this.#name = name;
    const script = fileURLToPath(new URL(`./children/${name}.mjs`, import.meta.url));
    this.#process = fork(script, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** The next message; an error when the child ends before. */
  message(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void =>
        reject(new Error(`${this.#name} ended with ${code ?? signal} before its message`));
      this.#process.once('exit', onExit);
      this.#process.once('message', (message) => {
        this.#process.off('exit', onExit);
        resolve(message as Message);
      });
    });
  }

  send(message: string): void {
    this.#process.send(message);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited();
  }

  async exited(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
