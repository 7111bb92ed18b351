import { type Layout, layoutOf } from '@tb/schema';
import type { Progress } from './progress.ts';

/** What every command is handed: where the data are, where to speak, and when to stop. */
export interface Context {
  readonly layout: Layout;
  /** One JSON object on stdout. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Aborts on SIGINT and SIGTERM: stop at the next safe point. */
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  /** A line for people on stderr; silent with --quiet. */
  log(line: string): void;
  /** A bar on a terminal, else a line per 10 %; on stderr. */
  progress(label: string, total?: number): Progress;
}

/** Options that every command takes, as commander hands them over. */
export interface GlobalOptions {
  readonly root?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** `--root`, else `TB_ROOT`, else `./data`. */
export function layoutFrom(
  options: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Layout {
  return layoutOf(options.root ?? (environment['TB_ROOT'] || 'data'));
}
