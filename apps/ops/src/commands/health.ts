import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { checkHealth } from '../health/check-health.ts';
import type { Finding, HealthStatus } from '../health/finding.ts';
import { recordVerifiedFiles, type VerifiedFile } from '../health/record-verified.ts';
import { shownValues } from '../health/units.ts';
import { type CommandResult, tableOf } from '../output.ts';

interface Flags {
  readonly full?: boolean;
  readonly strict?: boolean;
  readonly all?: boolean;
}

/** `tb health`: is every byte where it should be, and who is late. Changes no data. */
export function register(program: Command, execute: Execute): void {
  program
    .command('health')
    .description('check structure, locks, integrity, files, backups, disk and clock')
    .option('--full', 'read every byte, and record which published files are right')
    .option('--strict', 'exit 3 when something is to be looked at')
    .option('--all', 'print what is ok too')
    .addHelpText('after', '\nExample:\n  $ tb health --full --strict')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  const progress = context.progress('files hashed');
  const verified: VerifiedFile[] = [];
  const { verdict, findings } = await checkHealth(context.layout, {
    full: flags.full === true,
    onVerified: (file) => verified.push(file),
    signal: context.signal,
    onProgress: (files) => progress.update(files),
  });
  progress.end();
  if (flags.full === true && !(await recordVerifiedFiles(context.layout, verified)))
    context.log('what was verified is not recorded: market_data has a writer, or may only be read');
  return {
    status: verdict,
    fields: { root: context.layout.root, verdict, full: flags.full === true, findings },
    lines: linesOf(verdict, findings, flags.all === true),
    exit: exitOf(verdict, flags.strict === true),
  };
}

function exitOf(verdict: HealthStatus, isStrict: boolean): ExitCode {
  if (verdict === 'fail') return EXIT.integrity;
  return verdict === 'warn' && isStrict ? EXIT.refused : EXIT.done;
}

function linesOf(
  verdict: HealthStatus,
  findings: readonly Finding[],
  isAll: boolean,
): readonly string[] {
  const okCount = findings.filter(({ status }) => status === 'ok').length;
  return [
    ...findingLines(isAll ? findings : findings.filter(({ status }) => status !== 'ok')),
    `${verdict}: ${findings.length} findings, ${okCount} ok`,
  ];
}

/** Findings as aligned columns; nothing when there are none. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return [];
  return tableOf(
    ['status', 'check', 'subject', 'observed', 'limit', 'hint'],
    findings.map((finding) => {
      const { observed, limit } = shownValues(finding);
      const { status, check, subject, hint } = finding;
      return [
        status.toUpperCase(),
        check,
        subject,
        shortened(observed),
        shortened(limit),
        hint ?? '',
      ];
    }),
  );
}

/** A hash in full makes lines that nobody can read; --json has it. */
function shortened(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}...` : text;
}
