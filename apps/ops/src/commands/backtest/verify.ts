import { getRun, verifyRun } from '@tb/backtest';
import type { Command } from 'commander';
import { assertInitialised } from '../../assert-initialised.ts';
import { openBacktest } from '../../backtest/open-backtest.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { EXIT } from '../../exit-codes.ts';
import type { CommandResult } from '../../output.ts';

/** `tb backtest verify`: are the files that a run read still what they were? */
export function register(group: Command, execute: Execute): void {
  group
    .command('verify')
    .description(
      'hash again the day files that a run read, and its own file, and name the day that changed',
    )
    .argument('<run>', 'run id')
    .addHelpText('after', '\nExample:\n  $ tb backtest verify run_20260202_093000_1a2b3c4d')
    .action((runId: string, _flags: unknown, self: Command) =>
      execute(self, (context) => verify(context, runId)),
    );
}

async function verify(context: Context, runId: string): Promise<CommandResult> {
  await assertInitialised(context.layout);
  await using open = await openBacktest(context.layout);
  const result = await verifyRun(context.layout, open.index, await getRun(open.index, runId));
  const wrong = result.inputs.filter((check) => check.verdict !== 'ok');
  return {
    status: result.isOk ? 'ok' : 'changed',
    fields: {
      runId,
      runFile: result.runFile ?? null,
      inputs: result.inputs.map(({ input, verdict, sha256 }) => ({
        tradingDate: input.tradingDate,
        path: context.layout.absolute(input.path),
        revision: input.revision,
        verdict,
        sha256: sha256 ?? null,
      })),
    },
    lines: [
      `${runId}: ${result.isOk ? `ok, ${result.inputs.length} day files are what they were` : 'CHANGED'}`,
      ...(result.runFile === undefined || result.runFile === 'ok'
        ? []
        : [`  run file: ${result.runFile}`]),
      ...wrong.map(({ input, verdict }) => `  ${input.tradingDate} ${verdict}: ${input.path}`),
    ],
    exit: result.isOk ? EXIT.done : EXIT.integrity,
  };
}
