import { readFileSync } from 'node:fs';

const BUDGET = 256;
/** Left for everything else that the process opens. */
const RESERVE = 128;

/**
 * How many DuckDB files may be attached at once: one descriptor each, and 95 KB of memory. At most 256, less where the
 * process may open fewer files.
 */
export function fileBudget(softLimit: number | undefined = softLimitOfFiles()): number {
  if (softLimit === undefined) return BUDGET;
  return Math.max(16, Math.min(BUDGET, softLimit - RESERVE));
}

/** The soft RLIMIT_NOFILE; undefined where it cannot be read (outside Linux) or is unlimited. */
export function softLimitOfFiles(path = '/proc/self/limits'): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(path, 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? undefined : Number(line[1]);
}
