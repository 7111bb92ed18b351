import { type ChildProcess, fork } from 'node:child_process';
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Layout, syncFolder } from '@tb/schema';
import { BacktestError } from './errors.ts';
import type { FromChild, Row, RunTable, ToChild } from './run-file-protocol.ts';
import { unlinkIfThere } from './unlink-if-there.ts';

// The built file, from src and from dist alike: the child runs without a loader.
const CHILD = fileURLToPath(new URL('../dist/run-file-child.js', import.meta.url));

// One DuckDB vector: more a message saves little, and costs memory.
const ROWS_PER_MESSAGE = 2048;

/** Where a run file is built. Never a name that a reader looks for. */
function temporaryRunFile(layout: Layout, runId: string): string {
  return join(layout.runsDir, `.tmp-${runId}.duckdb`);
}

/**
 * Writes one run file: rows in batches to a child process, then the final name by `link()`, so that the file appears
 * whole or not at all and never replaces another.
 */
export class RunFileWriter {
  readonly #layout: Layout;
  readonly #runId: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #pending = new Map<RunTable, Row[]>();
  #pendingRows = 0;
  #stderr = '';
  #failure: BacktestError | undefined;
  #wake: () => void = () => {};
  #messages: FromChild[] = [];

  private constructor(layout: Layout, runId: string, child: ChildProcess) {
    this.#layout = layout;
    this.#runId = runId;
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    child.on('message', (message: FromChild) => {
      if (message.kind === 'failed') this.#fail(`${message.errno ?? 'DuckDB'}: ${message.message}`);
      else this.#messages.push(message);
      this.#wake();
    });
    this.#exited = endOf(child).then((end) => {
      this.#fail(`its process ended with ${end} ${this.#stderr.trim()}`.trim());
      this.#wake();
    });
  }

  /** Starts the child. `discard` ends it, whatever happens next. */
  static start(layout: Layout, runId: string): RunFileWriter {
    const child = fork(CHILD, [temporaryRunFile(layout, runId)], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    return new RunFileWriter(layout, runId, child);
  }

  /** Resolves when the file and its tables are there. @throws `RUN_FILE_NOT_WRITTEN` */
  async ready(): Promise<void> {
    await this.#receive('ready');
  }

  append(table: RunTable, row: Row): void {
    const rows = this.#pending.get(table);
    if (rows) rows.push(row);
    else this.#pending.set(table, [row]);
    this.#pendingRows += 1;
  }

  /** Hands rows on once there are enough; resolves when the pipe has taken them. @throws `RUN_FILE_NOT_WRITTEN` */
  drain(): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    return this.#pendingRows < ROWS_PER_MESSAGE ? undefined : this.#flush();
  }

  /** @returns sha256 and size of the whole, durable file, still under its temporary name. @throws `RUN_FILE_NOT_WRITTEN` */
  async finish(): Promise<{ sha256: string; sizeBytes: number }> {
    await this.#flush();
    await this.#send({ kind: 'finish' });
    const { sha256, sizeBytes } = await this.#receive('finished');
    return { sha256, sizeBytes };
  }

  /** Gives the finished file its name, durably, and ends the child. @throws `RUN_FILE_NOT_WRITTEN` */
  async publish(): Promise<void> {
    try {
      await link(temporaryRunFile(this.#layout, this.#runId), this.#layout.runFile(this.#runId));
      await syncFolder(this.#layout.runsDir);
      await this.discard();
    } catch (error) {
      throw notWritten(this.#runId, (error as Error).message, error);
    }
  }

  /** Ends the child and removes the temporary file, whatever state they are in. May be called twice. */
  async discard(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill('SIGKILL');
    await this.#exited;
    const path = temporaryRunFile(this.#layout, this.#runId);
    await unlinkIfThere(`${path}.wal`);
    await unlinkIfThere(path);
  }

  async #flush(): Promise<void> {
    for (const [table, rows] of this.#pending) await this.#send({ kind: 'rows', table, rows });
    this.#pending.clear();
    this.#pendingRows = 0;
  }

  async #send(message: ToChild): Promise<void> {
    if (this.#failure) throw this.#failure;
    const error = await new Promise<Error | null>((resolve) => this.#child.send(message, resolve));
    if (error) {
      await this.#exited; // its end says more than the broken pipe
      throw this.#failure ?? notWritten(this.#runId, error.message, error);
    }
  }

  async #receive<Kind extends FromChild['kind']>(
    kind: Kind,
  ): Promise<Extract<FromChild, { kind: Kind }>> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const message = this.#messages.shift();
      if (message?.kind === kind) return message as Extract<FromChild, { kind: Kind }>;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The first failure is the cause; what follows from it is not told. */
  #fail(observed: string, cause?: unknown): void {
    this.#failure ??= notWritten(this.#runId, observed, cause);
  }
}

/**
 * How a child ended, once its last words on stderr are read: a code, a signal, or why it did not start. Not by its `close`
 * event, which Node never emits after a `disconnect()` from this side (seen on 20.20.2).
 */
async function endOf(child: ChildProcess): Promise<string> {
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
  const silent = new Promise((resolve) => child.stderr?.once('close', resolve));
  await silent;
  return ended;
}

function notWritten(runId: string, observed: string, cause?: unknown): BacktestError {
  return new BacktestError(
    'RUN_FILE_NOT_WRITTEN',
    `Run file of ${runId} was not written: ${observed}`,
    {
      cause,
    },
  );
}
