import type { Kind, StoredTimeframe } from '@tb/schema';
import { assertSymbol } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { isoOfPattern } from './time-pattern.ts';

export type InputFormat = 'csv' | 'jsonl' | 'parquet';
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';
/** How times are written; with a `%`, a pattern as of strftime. */
export type TimeFormat = 'iso' | TimeUnit | `${string}%${string}`;

/** How a CSV is written. */
export interface CsvForm {
  /** One character. */
  readonly delimiter: string;
  /** Names of the first columns of a file whose first line is a row already; undefined: its first line names them. */
  readonly names: readonly string[] | undefined;
}

export const PLAIN_CSV: CsvForm = { delimiter: ',', names: undefined };

/** How to read a file of rows: which column is what, and what its times mean. Nothing is guessed. */
export interface InputOptions {
  readonly kind: Kind;
  readonly timeframe: StoredTimeframe | '';
  /** Our column name -> the file's column name; the order of the cells of a row. `ts_time` is the second column of a `ts`. */
  readonly columns: ReadonlyMap<string, string>;
  readonly timeFormat: TimeFormat;
  /** IANA zone of times that carry none; undefined: such a time is an error. */
  readonly timeZone: string | undefined;
  /** One symbol for all rows of a file, in place of a column, see `symbolOf`. */
  readonly symbol: string | undefined;
  /** undefined: by the file's name. */
  readonly format: InputFormat | undefined;
  readonly csv: CsvForm;
}

/** As commander hands them over. */
export interface InputFlags {
  readonly map?: string | undefined;
  readonly tsFormat?: string | undefined;
  readonly tz?: string | undefined;
  readonly symbol?: string | undefined;
  readonly inputFormat?: string | undefined;
  readonly columns?: string | undefined;
  readonly delimiter?: string | undefined;
}

export const REQUIRED: Readonly<Record<Kind, readonly string[]>> = {
  ticks: ['symbol', 'ts', 'price', 'volume'],
  candles: ['symbol', 'ts', 'open', 'high', 'low', 'close', 'volume'],
};
const OPTIONAL: Readonly<Record<Kind, readonly string[]>> = {
  ticks: ['bid', 'ask', 'source_seq'],
  candles: ['source_seq'],
};
const TIME_FORMATS: readonly string[] = ['iso', 's', 'ms', 'us', 'ns'];
const FORMATS: readonly string[] = ['csv', 'jsonl', 'parquet'];

/** All columns of a kind, required ones first; a feed may name the source of each row too. */
function columnsOf(kind: Kind, isFeed: boolean): readonly string[] {
  return [...REQUIRED[kind], ...OPTIONAL[kind], ...(isFeed ? ['source'] : [])];
}

/** @throws `BAD_OPTION`, `BAD_NAME` */
export function parseInputOptions(
  kind: Kind,
  timeframe: StoredTimeframe | '',
  flags: InputFlags,
  isFeed = false,
): InputOptions {
  const timeFormat = flags.tsFormat ?? 'iso';
  assertTimeFormat(timeFormat);
  if (flags.inputFormat !== undefined && !FORMATS.includes(flags.inputFormat))
    throw new OpsError(
      'BAD_OPTION',
      `--input-format ${flags.inputFormat} is not one of ${FORMATS.join(', ')}`,
    );
  if (flags.symbol !== undefined) assertSymbol(flags.symbol);
  return {
    kind,
    timeframe,
    columns: parseMap(columnsOf(kind, isFeed), kind, flags.map),
    timeFormat,
    timeZone: flags.tz === undefined ? undefined : assertTimeZone(flags.tz),
    symbol: flags.symbol,
    format: flags.inputFormat as InputFormat | undefined, // checked above
    csv: parseCsvForm(flags),
  };
}

function assertTimeFormat(text: string): asserts text is TimeFormat {
  if (text.includes('%')) isoOfPattern(text);
  else if (!TIME_FORMATS.includes(text))
    throw new OpsError(
      'BAD_OPTION',
      `--ts-format ${text} is not one of ${TIME_FORMATS.join(', ')}, nor a pattern`,
    );
}

function parseCsvForm({ columns, delimiter = PLAIN_CSV.delimiter }: InputFlags): CsvForm {
  const character = delimiter === 'tab' ? '\t' : delimiter;
  if (character.length !== 1 || /["\r\n]/.test(character))
    throw new OpsError(
      'BAD_OPTION',
      `--delimiter ${JSON.stringify(delimiter)} is not one character, nor tab`,
    );
  const names = columns?.split(',').map((name) => name.trim());
  if (names?.includes(''))
    throw new OpsError('BAD_OPTION', `--columns ${JSON.stringify(columns)} has an empty name`, {
      hint: 'Give columns that are not read any name, e.g. x1.',
    });
  return { delimiter: character, names };
}

function parseMap(
  columns: readonly string[],
  kind: Kind,
  text: string | undefined,
): ReadonlyMap<string, string> {
  const map = new Map(columns.map((name) => [name, name]));
  for (const pair of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=');
    const ours = pair.slice(0, at).trim();
    const theirs = pair.slice(at + 1).trim();
    if (at < 1 || theirs === '')
      throw new OpsError(
        'BAD_OPTION',
        `--map ${JSON.stringify(pair)} is not of the form ours=theirs, e.g. ts=ts_utc`,
      );
    if (!map.has(ours))
      throw new OpsError(
        'BAD_OPTION',
        `--map names ${JSON.stringify(ours)}; ${kind} have the columns ${columns.join(', ')}`,
      );
    const [date = '', time, ...more] =
      ours === 'ts' ? theirs.split('+').map((name) => name.trim()) : [theirs];
    map.set(ours, date);
    if (time === undefined) continue;
    if (time === '' || more.length > 0)
      throw new OpsError(
        'BAD_OPTION',
        `--map ${JSON.stringify(pair)} is not of the form ts=date+time`,
      );
    map.set('ts_time', time);
  }
  return map;
}

/** @throws `BAD_OPTION` unless --tz is a time zone */
export function assertTimeZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch (cause) {
    throw new OpsError('BAD_OPTION', `--tz ${JSON.stringify(zone)} is not a time zone`, {
      hint: 'Use an IANA name, e.g. UTC, Asia/Kolkata, America/New_York.',
      cause,
    });
  }
}
