import type { RebuildResult } from '@tb/history';
import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandResult } from '../output.ts';
import { runWorker } from '../worker/run-worker.ts';

/** `tb rebuild-manifest`: the catalogue from the files. */
export function register(program: Command, execute: Execute): void {
  program
    .command('rebuild-manifest')
    .description(
      'make manifest.db anew from the day files themselves, each read whole; the old one is kept',
    )
    .option('--wait <ms>', 'wait so long for the writer lock of market_data', Number, 0)
    .addHelpText('after', '\nExample:\n  $ tb rebuild-manifest')
    .action((flags: { wait: number }, self: Command) =>
      execute(self, (context) => run(context, flags.wait)),
    );
}

async function run(context: Context, waitMs: number): Promise<CommandResult> {
  await assertInitialised(context.layout);
  const result = await runWorker<RebuildResult>(
    'history/history-worker.js',
    { task: 'rebuild', root: context.layout.root, waitMs },
    { signal: context.signal },
  );
  return {
    status: 'rebuilt',
    fields: { ...result, oldManifest: result.oldManifest ?? null },
    lines: [
      `rebuilt from ${result.files} files, ${result.symbols} symbols`,
      ...(result.oldManifest === undefined
        ? []
        : [`  the old manifest is kept at ${result.oldManifest}`]),
      ...result.incomplete.map((date) => `  incomplete: ${date}`),
    ],
    exit: result.incomplete.length > 0 ? EXIT.integrity : EXIT.done,
  };
}
