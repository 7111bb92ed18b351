import type { SqliteDatabase } from './sqlite.ts';
export interface BreakOptions {
  readonly kill?: boolean | undefined;
  readonly foreign?: boolean | undefined;
  readonly fence?: SqliteDatabase | undefined;
}
export interface BreakResult {
  readonly outcome: 'broken' | 'already_free';
  readonly epoch: number;
}
export async function breakLock(_dir: string, _options: BreakOptions = {}): Promise<BreakResult> {
  throw new Error('not yet');
}
