import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { CommandResult } from './output.ts';

/** Runs one action of a command with a context, prints its result, and remembers the exit code. */
export type Execute = (
  command: Command,
  action: (context: Context) => Promise<CommandResult>,
) => Promise<void>;
