import type { Command } from 'commander';
import type { Execute } from '../run.ts';
import { register as registerCandles } from './candles.ts';
import { register as registerDemo } from './demo.ts';
import { register as registerImport } from './import.ts';
import { register as registerIngest } from './ingest.ts';
import { register as registerInit } from './init.ts';
import { register as registerRollover } from './rollover.ts';
import { register as registerSql } from './sql.ts';
import { register as registerTicks } from './ticks.ts';

/** Adds one command to the program. Every file of this folder exports one. */
export type Register = (program: Command, execute: Execute) => void;

/** In the order of `tb --help`: the day, then what keeps it safe, then backtests. */
const COMMANDS: readonly Register[] = [
  registerInit,
  registerIngest,
  registerImport,
  registerRollover,
  registerCandles,
  registerTicks,
  registerSql,
  registerDemo,
];

export function registerAll(program: Command, execute: Execute): void {
  for (const register of COMMANDS) register(program, execute);
}
