import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { getRun, openRun, renderReport } from '@tb/backtest';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import { OpsError } from '../../errors.ts';
import type { Execute } from '../../execute.ts';
import type { CommandResult } from '../../output.ts';

/** `tb backtest report`: a tear sheet. */
export function register(group: Command, execute: Execute): void {
  group
    .command('report')
    .description(
      'an HTML tear sheet: equity, drawdown, monthly returns, trades; refers to nothing outside itself',
    )
    .argument('<run>', 'run id')
    .requiredOption('--out <file>', 'a file that does not exist yet')
    .addHelpText(
      'after',
      '\nExample:\n  $ tb backtest report run_20260202_093000_1a2b3c4d --out report.html',
    )
    .action((runId: string, flags: { out: string }, self: Command) =>
      execute(self, (context) => report(context, runId, flags.out)),
    );
}

async function report(context: Context, runId: string, out: string): Promise<CommandResult> {
  await assertInitialised(context.layout);
  await using open = await openBacktest(context.layout);
  const run = await getRun(open.index, runId);
  await using file = await openRun(context.layout, run);
  const page = await renderReport(run, file);
  const path = resolve(out);
  await writeFile(path, page, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) =>
    Promise.reject(
      cause.code === 'EEXIST'
        ? new OpsError('OUTPUT_EXISTS', `Output ${out} exists`, { cause })
        : cause,
    ),
  );
  return {
    status: 'written',
    fields: { runId, out: path, sizeBytes: Buffer.byteLength(page) },
    lines: [path],
  };
}
