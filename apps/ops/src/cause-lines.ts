import { isNativeError } from 'node:util/types';

/**
 * What caused an error, nearest first: the first line of each message, without what the one before says already. An error
 * that says "see the cause" is told with it.
 */
export function causeLines(error: unknown): string[] {
  const lines: string[] = [];
  let said = isNativeError(error) ? error.message : '';
  for (let { cause } = (error ?? {}) as Error; isNativeError(cause); cause = cause.cause) {
    const [line = ''] = cause.message.split('\n');
    if (line !== '' && !said.includes(line)) lines.push(line);
    said = cause.message;
  }
  return lines;
}

/** The chain of causes that has these lines: what crosses from one process to another. */
export function causeOf(lines: readonly string[]): Error | undefined {
  const [line, ...rest] = lines;
  return line === undefined ? undefined : new Error(line, { cause: causeOf(rest) });
}
