import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import type { CommandResult } from '../output.ts';
import { checkPreflight } from '../preflight/check-preflight.ts';
import { findingLines } from './health.ts';

interface Flags {
  readonly exchange: string;
  readonly date?: string;
  readonly strict?: boolean;
}

/** `tb preflight`: may we trade today? */
export function register(program: Command, execute: Execute): void {
  program
    .command('preflight')
    .description(
      'may we trade today: health, calendar, history, ingestor and feed; changes nothing',
    )
    .requiredOption('--exchange <name>', 'e.g. nse')
    .option('--date <date>', 'trading date, YYYY-MM-DD (default: today at the exchange)')
    .option('--strict', 'exit 3 for warnings too')
    .addHelpText('after', '\nExample:\n  $ tb preflight --exchange nse && systemctl start bot')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  const { verdict, exchange, tradingDate, session, findings } = await checkPreflight(
    context.layout,
    { exchange: flags.exchange, tradingDate: flags.date, signal: context.signal },
  );
  const isRefused = verdict === 'block' || (verdict === 'warn' && flags.strict === true);
  return {
    status: verdict,
    fields: {
      verdict,
      exchange,
      tradingDate,
      session: session
        ? { open: isoOf(session.open), close: isoOf(session.close), kind: session.kind }
        : null,
      findings,
    },
    lines: [
      ...findingLines(findings.filter(({ status }) => status !== 'ok')),
      `${exchange} ${tradingDate}: ${verdict.toUpperCase()}`,
    ],
    exit: isRefused ? EXIT.refused : EXIT.done,
  };
}

const isoOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();
