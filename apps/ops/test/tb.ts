import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SHARED = fileURLToPath(new URL('../../../../shared/', import.meta.url));

export interface TbRun {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON object. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any field
  readonly json: any;
}

/** Runs the built `tb` as a process of its own, as cron does. */
export function tb(
  words: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<TbRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...words], {
      env: { ...process.env, NO_COLOR: '1', ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (exit) => {
      resolve({
        exit,
        stdout,
        stderr,
        get json() {
          return JSON.parse(stdout) as unknown;
        },
      });
    });
    child.stdin.on('error', () => undefined); // it may end before it has read everything
    child.stdin.end(options.input ?? '');
  });
}

/** Path of a file of the shared material, or undefined where it is not there. */
export function sharedFile(path: string): string | undefined {
  const file = join(SHARED, path);
  return existsSync(file) ? file : undefined;
}
