import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import type { CommandResult } from '../output.ts';
import { makeReport } from '../report/make-report.ts';

interface Flags {
  readonly out: string;
  readonly days: string;
}

/** `tb report`: the state of a data root on one page. */
export function register(program: Command, execute: Execute): void {
  program
    .command('report')
    .description(
      'one HTML file without network: findings, coverage, backups, runs with equity curves',
    )
    .requiredOption('--out <file>', 'a file that does not exist yet')
    .option('--days <n>', 'sessions in the coverage calendar, the newest', '60')
    .addHelpText('after', '\nExample:\n  $ tb report --out report.html')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run({ layout, signal }: Context, flags: Flags): Promise<CommandResult> {
  const days = Number(flags.days);
  if (!Number.isSafeInteger(days) || days < 1 || days > 1000)
    throw new OpsError('BAD_OPTION', `--days ${flags.days} is not a number from 1 to 1000`);
  const { html, verdict, exchanges, runs } = await makeReport(layout, { days, signal });
  const path = resolve(flags.out);
  await writeFile(path, html, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) =>
    Promise.reject(
      cause.code === 'EEXIST'
        ? new OpsError('OUTPUT_EXISTS', `Output ${path} exists`, { cause })
        : cause,
    ),
  );
  return {
    status: 'written',
    fields: { out: path, sizeBytes: Buffer.byteLength(html), verdict, exchanges, runs },
    lines: [path],
  };
}
