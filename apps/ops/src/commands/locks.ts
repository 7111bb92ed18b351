import type { Command } from 'commander';
import type { Execute } from '../execute.ts';
import { registerBreak } from './locks/break.ts';
import { registerInspect } from './locks/inspect.ts';

/** `tb locks`: who writes, and what to do about one that is gone. */
export function register(program: Command, execute: Execute): void {
  const locks = program
    .command('locks')
    .description('writer locks: look, and free those of the dead');
  registerInspect(locks, execute);
  registerBreak(locks, execute);
}
