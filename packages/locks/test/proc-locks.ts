import { readFileSync, statSync } from 'node:fs';

/** Pids that hold a write lock on a file, as the kernel lists them. Linux only. */
export function guardLocks(path: string): number[] {
  const { ino } = statSync(path);
  const pids = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${ino} `) && line.includes(' WRITE ') && !line.includes('->'))
    .map((line) => Number(line.trim().split(/\s+/)[4]));
  return [...new Set(pids)];
}
