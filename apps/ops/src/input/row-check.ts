import { isSymbol } from '@tb/schema';
import type { InputOptions } from './input-options.ts';
import { type ParsedTime, timeParser } from './time-parser.ts';

/** A bare date becomes the START of that date's candle; undefined: the date has no session. */
export type DateToTs = (date: string) => bigint | undefined;

/** The number columns of each kind, in the order of `RowValues.numbers`. */
export const NUMBERS = {
  ticks: ['price', 'volume', 'bid', 'ask'],
  candles: ['open', 'high', 'low', 'close', 'volume'],
} as const;

/** The values of one good row: filled anew for each row, so that a row costs no object. */
export interface RowValues {
  symbol: string;
  ts: bigint;
  /** NaN where an optional cell is empty. */
  readonly numbers: Float64Array;
  sourceSeq: bigint | undefined;
  source: string | undefined;
}

/** Checks the cells of one row into `values`. @returns why it is refused (`code` or `code: detail`), or undefined. */
export type RowCheck = (cells: readonly unknown[], values: RowValues) => string | undefined;

/** @throws (the check) `TIME_ZONE_MISSING`: not the row is wrong, but what was stated about the input. */
export function rowCheck(options: InputOptions, dateToTs: DateToTs): RowCheck {
  const names = [...options.columns.keys()];
  const [symbolAt, tsAt, seqAt, sourceAt] = ['symbol', 'ts', 'source_seq', 'source'].map((name) =>
    names.indexOf(name),
  ) as [number, number, number, number];
  const timeAt = names.indexOf('ts_time');
  const numbersAt = NUMBERS[options.kind].map((name) => names.indexOf(name));
  const fault = options.kind === 'ticks' ? tickFault : candleFault;
  const parseTime = timeParser(options.timeFormat, options.timeZone);
  const isDaily = options.timeframe === '1d';
  let known = ''; // most rows have the symbol of a row before
  return (cells, values) => {
    const cell = cells[symbolAt];
    const symbol = options.symbol ?? (cell === undefined ? '' : String(cell));
    if (symbol !== known || symbol === '') {
      if (symbol === '') return 'bad_symbol: empty';
      if (!isSymbol(symbol)) return 'bad_symbol: not 1 to 256 bytes of plain text';
      // What stands for bytes that are no UTF-8: symbols that differ in such a byte would become one.
      if (symbol.includes('\ufffd')) return 'bad_symbol: not UTF-8';
      known = symbol;
    }
    const time = timeAt < 0 ? cells[tsAt] : joined(cells[tsAt], cells[timeAt]);
    if (isAbsent(time)) return 'bad_time: empty';
    const ts = timeOf(parseTime(time), isDaily, dateToTs);
    if (typeof ts === 'string') return ts;
    values.symbol = symbol;
    values.ts = ts;
    return (
      sourceFault(cells[seqAt], cells[sourceAt], values) ??
      numbersFault(cells, numbersAt, values, fault)
    );
  };
}

/** A date and a time of day that stand in two columns. */
function joined(date: unknown, time: unknown): unknown {
  return isAbsent(date) || isAbsent(time) ? undefined : `${date} ${time}`;
}

function numbersFault(
  cells: readonly unknown[],
  numbersAt: readonly number[],
  { numbers }: RowValues,
  fault: typeof tickFault,
): string | undefined {
  for (let i = 0; i < numbersAt.length; i++) numbers[i] = numberOf(cells[numbersAt[i]!]);
  return fault(numbers, (i) => cells[numbersAt[i]!]);
}

function timeOf(time: ParsedTime, isDaily: boolean, dateToTs: DateToTs): bigint | string {
  if (time === undefined) return 'bad_time: not a time of the stated form';
  if (typeof time === 'bigint') return time;
  if (!isDaily) return 'bad_time: a date without a time of day';
  return dateToTs(time.date) ?? `no_session: ${time.date}`;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Text of a decimal number as a double; NaN for anything else, an empty cell too. */
function numberOf(cell: unknown): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell !== 'string') return Number.NaN;
  const text = cell.trim();
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}

const isAbsent = (cell: unknown): boolean => cell === undefined || cell === '';
const shown = (cell: unknown): string => (isAbsent(cell) ? 'empty' : String(cell).slice(0, 40));

const MAX_SEQ = 2n ** 63n - 1n;

/** Number and name of the source of a row, both optional. Numbers are exact up to int64: some feeds count in ns. */
function sourceFault(seqCell: unknown, sourceCell: unknown, values: RowValues): string | undefined {
  values.sourceSeq = undefined;
  values.source = undefined;
  if (!isAbsent(seqCell)) {
    const isWhole = typeof seqCell !== 'number' || Number.isSafeInteger(seqCell);
    const text = String(seqCell).trim();
    if (!isWhole || !/^-?\d{1,19}$/.test(text)) return `bad_source_seq: ${shown(seqCell)}`;
    const seq = BigInt(text);
    if (seq > MAX_SEQ || seq < -MAX_SEQ) return `bad_source_seq: ${text}`;
    values.sourceSeq = seq;
  }
  if (!isAbsent(sourceCell)) {
    const source = String(sourceCell);
    if (!isSymbol(source)) return 'bad_source: not 1 to 256 bytes of plain text';
    values.source = source;
  }
  return undefined;
}

const isPrice = (value: number): boolean => value > 0 && value < Number.POSITIVE_INFINITY;
const isVolume = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;

/** Price finite and above 0, volume finite and not negative, bid and ask absent or finite. */
function tickFault(numbers: Float64Array, cell: (i: number) => unknown): string | undefined {
  if (!isPrice(numbers[0]!)) return `bad_price: ${shown(cell(0))}`;
  if (!isVolume(numbers[1]!)) return `bad_volume: ${shown(cell(1))}`;
  if (!Number.isFinite(numbers[2]) && !isAbsent(cell(2))) return `bad_bid: ${shown(cell(2))}`;
  if (!Number.isFinite(numbers[3]) && !isAbsent(cell(3))) return `bad_ask: ${shown(cell(3))}`;
  return undefined;
}

/** Checked as ticks are, and `low <= open, close <= high`. */
function candleFault(numbers: Float64Array, cell: (i: number) => unknown): string | undefined {
  for (let i = 0; i < 4; i++)
    if (!isPrice(numbers[i]!)) return `bad_${NUMBERS.candles[i]}: ${shown(cell(i))}`;
  if (!isVolume(numbers[4]!)) return `bad_volume: ${shown(cell(4))}`;
  const [open, high, low, close] = numbers as unknown as [number, number, number, number];
  return low <= Math.min(open, close) && high >= Math.max(open, close)
    ? undefined
    : `bad_ohlc: low ${low} open ${open} close ${close} high ${high}`;
}
