import type { Command } from 'commander';
import type { Execute } from '../execute.ts';

/** Adds one command to the program. Every file of this folder exports one as `register`. */
export type Register = (program: Command, execute: Execute) => void;

/**
 * In the order of `tb --help`: the day, then what keeps it safe, then backtests. Loaded when asked for: a process that
 * prints a lock needs no DuckDB.
 */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly register: Register }>>> = {
  init: () => import('./init.ts'),
  ingest: () => import('./ingest.ts'),
  import: () => import('./import.ts'),
  rollover: () => import('./rollover.ts'),
  candles: () => import('./candles.ts'),
  ticks: () => import('./ticks.ts'),
  sql: () => import('./sql.ts'),
  actions: () => import('./actions.ts'),
  migrate: () => import('./migrate.ts'),
  months: () => import('./months.ts'),
  archive: () => import('./archive.ts'),
  prune: () => import('./prune.ts'),
  'rebuild-manifest': () => import('./rebuild-manifest.ts'),
  backup: () => import('./backup.ts'),
  backups: () => import('./backups.ts'),
  restore: () => import('./restore.ts'),
  drill: () => import('./drill.ts'),
  health: () => import('./health.ts'),
  preflight: () => import('./preflight.ts'),
  metrics: () => import('./metrics.ts'),
  locks: () => import('./locks.ts'),
  report: () => import('./report.ts'),
  backtest: () => import('./backtest.ts'),
  demo: () => import('./demo.ts'),
};

/** Adds the command that the words name; all of them when they name none, for help and for the message; none for the version. */
export async function registerCommands(
  program: Command,
  execute: Execute,
  words: readonly string[],
): Promise<void> {
  const word = firstWord(words);
  if (word === undefined && words.includes('--version')) return;
  const named = COMMANDS[word ?? ''];
  const loads = named ? [named] : Object.values(COMMANDS);
  for (const load of loads) (await load()).register(program, execute);
}

/** The first word that is neither an option nor the value of `--root`. */
function firstWord(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--root') at += 1;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}
