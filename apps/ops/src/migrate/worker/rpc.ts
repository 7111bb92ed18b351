import { isNativeError } from 'node:util/types';

/** One call of the parent, one answer of the worker; calls are answered in order. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError };

/** An error on its way between processes: told apart by name and code on the other side. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  readonly hint: unknown;
  readonly retryable: unknown;
}

export function plainError(error: unknown): PlainError {
  if (!isNativeError(error))
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      code: undefined,
      hint: undefined,
      retryable: undefined,
    };
  const { code, hint, retryable } = error as Partial<
    Record<'code' | 'hint' | 'retryable', unknown>
  >;
  return { name: error.name, message: error.message, stack: error.stack, code, hint, retryable };
}

export function rebuiltError(plain: PlainError): Error {
  const error = new Error(plain.message);
  error.name = plain.name;
  if (plain.stack !== undefined) error.stack = plain.stack;
  const { code, hint, retryable } = plain;
  return Object.assign(error, { code, hint, retryable });
}
