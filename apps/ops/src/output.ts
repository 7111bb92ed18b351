import { inspect } from 'node:util';
import { isNativeError } from 'node:util/types';
import { causeLines } from './cause-lines.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { systemErrors } from './system-errors.ts';
import { toldError } from './told-error.ts';

/** What a command gives back. `fields` is the stable part, documented in docs/cli.md. */
export interface CommandResult {
  /** The finished state: `created`, `already_imported`, `promoted`, `ok` ... */
  readonly status: string;
  /** Further fields of the JSON object. Times as ISO text, sizes in bytes. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** What people read: lines for stdout when --json is not given. */
  readonly lines?: readonly string[];
  /** 0 unless the result itself says that something is wrong (health). */
  readonly exit?: ExitCode;
  /** The command wrote its own result to stdout (rows of `tb candles --format csv`): nothing more is printed. */
  readonly isStreamed?: boolean;
}

/** JSON with bigints as numbers, or as text beyond 2^53, where a number would lie. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'bigint') return item;
    return item >= BigInt(Number.MIN_SAFE_INTEGER) && item <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(item)
      : String(item);
  });
}

/** Prints a result and returns the exit code. */
export function printResult(
  context: Context,
  command: string,
  result: CommandResult,
  stdout: NodeJS.WritableStream,
): ExitCode {
  if (context.json && result.isStreamed !== true) {
    const head = {
      command,
      status: result.status,
      startedAt: context.startedAt.toISOString(),
      durationMs: durationOf(context),
    };
    stdout.write(`${toJson({ ...head, ...result.fields })}\n`);
  } else if (result.isStreamed !== true) {
    const lines = result.lines ?? [`${command}: ${result.status}`];
    if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
  }
  return result.exit ?? EXIT.done;
}

/** Prints an error (`Error: what`, `Cause: why`, `Try: what to do`), as JSON too when asked, and returns the exit code. */
export async function printError(
  context: Context,
  command: string,
  error: unknown,
  streams: { stdout: NodeJS.WritableStream; stderr: NodeJS.WritableStream },
): Promise<ExitCode> {
  const exit = await exitCodeOf(error);
  const told = toldError(error);
  const { message, code, hint, retryable, stack } = describe(told);
  const causes = causeLines(told);
  streams.stderr.write(`Error: ${message}\n`);
  for (const cause of causes) streams.stderr.write(`Cause: ${cause}\n`);
  streams.stderr.write(
    `Try: ${hint ?? (exit === EXIT.bug ? 'this is a bug: run with --verbose and report the output' : 'see `tb --help`')}\n`,
  );
  if (exit === EXIT.bug || context.verbose)
    streams.stderr.write(`${stack ?? ''}\n${causesOf(told)}${othersOf(error, told)}`);
  if (context.json) {
    const head = {
      command,
      status: 'error',
      startedAt: context.startedAt.toISOString(),
      durationMs: durationOf(context),
    };
    streams.stdout.write(
      `${toJson({ ...head, exit, error: { code: code ?? 'UNEXPECTED', message, causes, hint: hint ?? null, retryable } })}\n`,
    );
  }
  return exit;
}

function durationOf(context: Context): number {
  return Date.now() - context.startedAt.getTime();
}

function describe(error: unknown): {
  message: string;
  code?: string;
  hint?: string;
  retryable: boolean;
  stack?: string;
} {
  if (!isNativeError(error)) return { message: String(error), retryable: false };
  const { code, hint, retryable } = error as {
    code?: unknown;
    hint?: unknown;
    retryable?: unknown;
  };
  const system = typeof code === 'string' ? systemErrors[code] : undefined;
  const advice = hint ?? system?.action;
  return {
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof advice === 'string' ? { hint: advice } : {}),
    retryable: retryable === true || system?.exit === EXIT.temporary,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

function causesOf(error: unknown): string {
  let text = '';
  for (let cause = (error as Error | undefined)?.cause; isNativeError(cause); cause = cause.cause)
    text += `Cause: ${cause.stack ?? cause.message}\n`;
  return text;
}

/** What was not told of several errors. */
function othersOf(error: unknown, told: unknown): string {
  return error === told || (told as Error).cause === error ? '' : `Of: ${inspect(error)}\n`;
}

/** Aligned columns, no borders, one row a line, so that grep and cut work. Numbers are aligned to the right. */
export function tableOf(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_name, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = header.map(
    (_name, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  return cells.map((row) =>
    row
      .map((cell, column) =>
        isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
