import type { Command } from 'commander';
import type { Execute } from '../execute.ts';
import { register as registerCompare } from './backtest/compare.ts';
import { register as registerList } from './backtest/list.ts';
import { register as registerPrune } from './backtest/prune.ts';
import { register as registerReport } from './backtest/report.ts';
import { register as registerRun } from './backtest/run.ts';
import { register as registerShow } from './backtest/show.ts';
import { register as registerStale } from './backtest/stale.ts';
import { register as registerSweep } from './backtest/sweep.ts';
import { register as registerVerify } from './backtest/verify.ts';

/** `tb backtest ...`: isolated runs over history. */
export function register(program: Command, execute: Execute): void {
  const group = program
    .command('backtest')
    .description('isolated backtests: one run file each, and an index of runs');
  for (const add of [
    registerRun,
    registerSweep,
    registerList,
    registerShow,
    registerCompare,
    registerReport,
    registerVerify,
    registerStale,
    registerPrune,
  ])
    add(group, execute);
}
