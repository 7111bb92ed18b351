import type { Command } from 'commander';
import type { Execute } from '../execute.ts';
import { registerImport } from './actions/import.ts';
import { registerList } from './actions/list.ts';

/** `tb actions`: splits, dividends and symbol changes. */
export function register(program: Command, execute: Execute): void {
  const actions = program
    .command('actions')
    .description('corporate actions: splits, dividends, symbol changes; raw data stay raw');
  registerImport(actions, execute);
  registerList(actions, execute);
}
