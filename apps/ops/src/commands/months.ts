import { Manifest } from '@tb/history';
import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { refreshMonths } from '../history/refresh-months.ts';
import type { CommandResult } from '../output.ts';

interface Flags {
  readonly exchange?: string;
  readonly wait: number;
}

/** `tb months`: the derived files of long ranges. */
export function register(program: Command, execute: Execute): void {
  program
    .command('months')
    .description(
      'build the derived files of months that make long ranges fast, where days changed since; deleting them loses nothing',
    )
    .option('--exchange <exchange>', 'of this exchange only')
    .option('--wait <ms>', 'wait so long for the writer lock of market_data', Number, 30_000)
    .addHelpText('after', '\nExample:\n  $ tb months --exchange nse')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  const progress = context.progress('months');
  const built: Record<string, number> = {};
  for (const exchange of flags.exchange === undefined ? exchangesOf(context) : [flags.exchange])
    built[exchange] = await refreshMonths(exchange, {
      layout,
      signal: context.signal,
      waitMs: flags.wait,
      onPublished: (count) => progress.update(count),
    });
  progress.end();
  const count = Object.values(built).reduce((sum, each) => sum + each, 0);
  const status = count > 0 ? 'built' : 'already_built';
  return { status, fields: { built }, lines: [`${status}: ${count} files`] };
}

function exchangesOf(context: Context): readonly string[] {
  using manifest = Manifest.openReader(context.layout);
  return manifest.snapshot().exchanges();
}
