import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ledger } from './children/ledger.mjs';

const READER = fileURLToPath(new URL('./children/ledger-reader.mjs', import.meta.url));

/** What a reader saw. */
export interface ReaderReport {
  readonly reads: number;
  readonly rows: number;
  readonly wrong: readonly string[];
  /** The newest seq that it saw. */
  readonly seq: number;
}

type Message = { readonly ready: true } | { readonly report: ReaderReport };

/** A process that reads all the time and compares with the ledger. */
export class LedgerReader {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #report: Promise<ReaderReport>;
  #wrong: Error | undefined;

  constructor(root: string, ledger: Ledger) {
    const dates = ledger.dates.map(({ open, close }) => ({
      open: String(open),
      close: String(close),
    }));
    this.#child = fork(READER, [root, JSON.stringify({ seed: ledger.seed, dates })], {
      execArgv: [],
    });
    const { promise: ready, resolve: isReady, reject: isNot } = settled<void>();
    const { promise: report, resolve, reject } = settled<ReaderReport>();
    this.#child.on('message', (message: Message) => {
      if ('ready' in message) isReady();
      else {
        const [wrong] = message.report.wrong;
        if (wrong !== undefined) this.#wrong = new Error(`A reader saw: ${wrong}`);
        resolve(message.report);
      }
    });
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`A reader ended by ${signal ?? `exit ${code}`}`);
      isNot(error);
      reject(error);
    });
    this.#ready = ready;
    this.#report = report;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  /** @throws with the first wrong answer, as soon as it is told. */
  throwIfWrong(): void {
    if (this.#wrong) throw this.#wrong;
  }

  /** Lets it read once more, and asks what it saw. @throws with a wrong answer. */
  async stop(): Promise<ReaderReport> {
    await this.#ready;
    if (this.#child.connected) this.#child.send('stop');
    const report = await this.#report;
    this.throwIfWrong();
    return report;
  }

  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}

/** A promise and what settles it; a rejection that nobody waits for is no crash: `stop` waits for it. */
function settled<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
