import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** What came of one question to a process that reads a file which may be damaged. */
export type Verdict =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  | { readonly kind: 'crashed'; readonly end: string }
  | { readonly kind: 'hung' };

/**
 * A child process that answers questions, so that a damaged file cannot take the test down. It reads one JSON value a
 * line on stdin, and answers one line each: `{"value": ...}`, or `{"code": "...", "message": "..."}` for a typed error.
 * After a crash or a hang the next question starts a new one.
 */
export interface Judge extends AsyncDisposable {
  /** @param timeoutMs Default 5 s; then the child is killed, and the verdict is `hung`. */
  ask(question: unknown, timeoutMs?: number): Promise<Verdict>;
  /** Processes started so far. */
  readonly starts: number;
}

function verdictOf(line: string): Verdict {
  const answer = JSON.parse(line) as { value?: unknown; code?: string; message?: string };
  if (answer.code === undefined) return { kind: 'answered', value: answer.value };
  return { kind: 'rejected', code: answer.code, message: answer.message ?? '' };
}

/** @param argv Program and arguments of the child. */
export function judgeProcess(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Judge {
  let child: ChildProcess | undefined;
  let lines: Interface | undefined;
  let starts = 0;

  const start = (): ChildProcess => {
    starts += 1;
    const [program = '', ...args] = argv;
    const started = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    started.stdin?.on('error', () => undefined); // Its death is reported by `exit`.
    lines = createInterface({ input: started.stdout as NodeJS.ReadableStream });
    child = started;
    return started;
  };
  /** An idle child does not keep this process alive; it ends when its stdin closes. */
  const hold = (running: ChildProcess, isAsked: boolean): void => {
    const handles = [running, running.stdin, running.stdout] as { ref?(): void; unref?(): void }[];
    for (const handle of handles) isAsked ? handle.ref?.() : handle.unref?.();
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    hold(running, true);
    const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.kill('SIGKILL');
    await gone;
  };

  return {
    get starts() {
      return starts;
    },
    ask: async (question, timeoutMs = 5000) => {
      const running = child ?? start();
      hold(running, true);
      const verdict = await new Promise<Verdict>((resolve, reject) => {
        const timer = setTimeout(() => finish({ kind: 'hung' }), timeoutMs);
        const onExit = (code: number | null, signal: string | null): void =>
          finish({ kind: 'crashed', end: signal ?? `exit ${code}` });
        const onLine = (line: string): void => finish(verdictOf(line));
        const finish = (found: Verdict): void => {
          clearTimeout(timer);
          running.off('exit', onExit);
          running.off('error', reject);
          lines?.off('line', onLine);
          resolve(found);
        };
        running.once('exit', onExit);
        running.once('error', reject);
        lines?.once('line', onLine);
        running.stdin?.write(`${JSON.stringify(question)}\n`);
      });
      hold(running, false);
      if (verdict.kind === 'hung' || verdict.kind === 'crashed') await stop();
      return verdict;
    },
    [Symbol.asyncDispose]: stop,
  };
}
