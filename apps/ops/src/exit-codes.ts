import type { ErrorTables } from './error-tables.ts';
import { systemErrors } from './system-errors.ts';
import { toldError } from './told-error.ts';

/** Exit codes of `tb`: the contract of docs/cli.md. */
export const EXIT = { done: 0, bug: 1, usage: 2, refused: 3, integrity: 4, temporary: 75 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What `tb` exits with for an error: that of its row in the table of its package (see `toldError` for several), 1 for anything else (a bug). */
export async function exitCodeOf(error: unknown): Promise<ExitCode> {
  const { name, code } = (toldError(error) ?? {}) as { name?: unknown; code?: unknown };
  if (typeof name !== 'string' || typeof code !== 'string') return EXIT.bug;
  if (code.startsWith('commander.')) return EXIT.usage;
  const tables: ErrorTables = (await import('./error-tables.ts')).errorTables;
  return tables[name]?.[code]?.exit ?? systemErrors[code]?.exit ?? EXIT.bug;
}
