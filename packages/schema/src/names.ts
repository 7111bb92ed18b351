import { SchemaError } from './errors.ts';

/** Names that Windows reserves in every folder, with or without an extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

const EXCHANGE = /^[a-z][a-z0-9_]{0,15}$/;
const TRADING_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
const RUN_ID = /^run_\d{8}_\d{6}_[0-9a-f]{4,16}$/;
const SYMBOL_MAX_BYTES = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A value as it may stand in a message: cut, and with control characters shown. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value);
}

function refuse(what: string, value: unknown, rule: string): never {
  throw new SchemaError('BAD_NAME', `${what} ${shown(value)} is not valid: ${rule}`, {
    hint: rule,
  });
}

/**
 * An exchange is a folder name: 1 to 16 of a-z, 0-9 and _, starting with a letter, no reserved Windows name.
 * @throws `BAD_NAME`
 */
export function assertExchange(value: unknown): asserts value is string {
  if (typeof value !== 'string' || !EXCHANGE.test(value) || RESERVED.test(value))
    refuse(
      'Exchange',
      value,
      'an exchange is 1 to 16 of a-z, 0-9 and _, starting with a letter, e.g. nse',
    );
}

/**
 * A symbol is any text a user writes, 1 to 256 bytes of UTF-8, without control characters, lone surrogates or
 * space at its ends. It is never part of a path, so `../..` is a legal, harmless symbol.
 * @throws `BAD_NAME`
 */
export function assertSymbol(value: unknown): asserts value is string {
  if (!isSymbol(value))
    refuse(
      'Symbol',
      value,
      `a symbol is 1 to ${SYMBOL_MAX_BYTES} bytes of text without control characters or outer spaces`,
    );
}

/** Whether `assertSymbol` accepts the value. */
export function isSymbol(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > SYMBOL_MAX_BYTES) return false;
  if (value !== value.trim() || CONTROL.test(value) || /\p{Surrogate}/u.test(value)) return false;
  return (
    value.length * 3 <= SYMBOL_MAX_BYTES ||
    new TextEncoder().encode(value).length <= SYMBOL_MAX_BYTES
  );
}

/**
 * A trading date is `YYYY-MM-DD` and a real day of the proleptic Gregorian calendar, 1678 to 2261 (int64 ns).
 * @throws `BAD_NAME`
 */
export function assertTradingDate(value: unknown): asserts value is string {
  if (!isTradingDate(value))
    refuse('Trading date', value, 'a trading date is a real day, YYYY-MM-DD, from 1678 to 2261');
}

/** Whether `assertTradingDate` accepts the value. */
export function isTradingDate(value: unknown): value is string {
  const parts = typeof value === 'string' ? TRADING_DATE.exec(value) : null;
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (year < 1678 || year > 2261) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** @throws `BAD_NAME` unless the value is `YYYY-MM`. */
export function assertMonth(value: unknown): asserts value is string {
  if (typeof value !== 'string' || !MONTH.test(value)) refuse('Month', value, 'a month is YYYY-MM');
}

/** @throws `BAD_NAME` unless the value is `run_<YYYYMMDD>_<HHMMSS>_<4 to 16 hex digits>`. */
export function assertRunId(value: unknown): asserts value is string {
  if (typeof value !== 'string' || !RUN_ID.test(value))
    refuse(
      'Run id',
      value,
      'a run id is run_<YYYYMMDD>_<HHMMSS>_<hex>, e.g. run_20260202_093000_1a2b3c4d',
    );
}
