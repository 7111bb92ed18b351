import type { Readable } from 'node:stream';
import { type CandleBatch, isSymbol, type TickBatch } from '@tb/schema';
import type { CellRow } from './cell-row.ts';
import { cellRows, type Input } from './cell-source.ts';
import { columnsOf, type InputOptions } from './input-options.ts';
import { type ParsedTime, timeParser } from './time-parser.ts';

/** A row that was not accepted, with its reason (`code` or `code: detail`). */
export interface RejectedRow {
  readonly file: string;
  readonly row: number;
  readonly reason: string;
  readonly raw: string;
}

/** Some rows of an input: the good ones as a batch, the others with their reasons. `rows[i]` is the file's row of batch row i. */
export interface Block<Batch> {
  /** As the user named it. */
  readonly file: string;
  readonly batch: Batch;
  readonly rows: BigInt64Array;
  /** The feed's own numbers, when the input has the column `source_seq`. */
  readonly sourceSeq: BigInt64Array | undefined;
  readonly rejected: readonly RejectedRow[];
  readonly rowsRead: number;
  raw(index: number): string;
}

/** A bare date becomes the START of that date's candle; undefined: the date has no session. */
export type DateToTs = (date: string) => bigint | undefined;

/** Ticks of an input in the order of the file, checked: price finite and above 0, volume finite and not negative. */
export async function* tickBlocks(
  input: Input,
  options: InputOptions,
  stdin: Readable,
): AsyncGenerator<Block<TickBatch>> {
  for await (const { good, rejected, rowsRead } of checkedRows(input, options, stdin, noDate)) {
    const [price, volume, bid, ask] = ['price', 'volume', 'bid', 'ask'].map((name) =>
      columnOf(good, options, name),
    );
    const batch: TickBatch = {
      symbol: good.map((row) => row.symbol),
      ts: stampsOf(good),
      price: price!,
      volume: volume!,
      bid,
      ask,
    };
    yield {
      batch,
      file: input.name,
      rows: rowNumbersOf(good),
      sourceSeq: sourceSeqOf(good, options),
      rejected,
      rowsRead,
      raw: (index) => good[index]?.raw ?? '',
    };
  }
}

/** Candles of an input, checked as ticks are, and `low <= open, close <= high`. */
export async function* candleBlocks(
  input: Input,
  options: InputOptions,
  stdin: Readable,
  dateToTs: DateToTs,
): AsyncGenerator<Block<CandleBatch>> {
  for await (const { good, rejected, rowsRead } of checkedRows(input, options, stdin, dateToTs)) {
    const [open, high, low, close, volume] = ['open', 'high', 'low', 'close', 'volume'].map(
      (name) => columnOf(good, options, name),
    );
    const batch: CandleBatch = {
      symbol: good.map((row) => row.symbol),
      ts: stampsOf(good),
      open: open!,
      high: high!,
      low: low!,
      close: close!,
      volume: volume!,
    };
    yield {
      batch,
      file: input.name,
      rows: rowNumbersOf(good),
      sourceSeq: sourceSeqOf(good, options),
      rejected,
      rowsRead,
      raw: (index) => good[index]?.raw ?? '',
    };
  }
}

interface GoodRow {
  readonly row: number;
  readonly raw: string;
  readonly symbol: string;
  readonly ts: bigint;
  /** By position in `columnsOf(kind)`. */
  readonly numbers: readonly number[];
}

interface Checked {
  readonly good: readonly GoodRow[];
  readonly rejected: readonly RejectedRow[];
  readonly rowsRead: number;
}

const noDate: DateToTs = () => undefined;

async function* checkedRows(
  input: Input,
  options: InputOptions,
  stdin: Readable,
  dateToTs: DateToTs,
): AsyncGenerator<Checked> {
  const check = rowCheck(options, dateToTs);
  for await (const rows of cellRows(input, options, stdin)) {
    const good: GoodRow[] = [];
    const rejected: RejectedRow[] = [];
    for (const row of rows) {
      const result = row.broken ?? check(row);
      if (typeof result === 'string')
        rejected.push({ file: input.name, row: row.row, reason: result, raw: row.raw });
      else good.push(result);
    }
    yield { good, rejected, rowsRead: rows.length };
  }
}

/** One row to its values, or to the reason why not. */
function rowCheck(options: InputOptions, dateToTs: DateToTs): (row: CellRow) => GoodRow | string {
  const names = columnsOf(options.kind);
  const parseTime = timeParser(options.timeFormat, options.timeZone);
  const symbolAt = names.indexOf('symbol');
  const tsAt = names.indexOf('ts');
  const isDaily = options.timeframe === '1d';
  return ({ row, cells, raw }) => {
    const symbol = options.symbol ?? (cells[symbolAt] === undefined ? '' : String(cells[symbolAt]));
    if (!isSymbol(symbol))
      return symbol === '' ? 'bad_symbol: empty' : 'bad_symbol: not 1 to 256 bytes of plain text';
    const cell = cells[tsAt];
    if (cell === undefined || cell === '') return 'bad_time: empty';
    const time = timeOf(parseTime(cell), isDaily, dateToTs);
    if (typeof time === 'string') return time;
    const numbers = names.map((_name, at) =>
      at === symbolAt || at === tsAt ? Number.NaN : numberOf(cells[at]),
    );
    const fault = options.kind === 'ticks' ? tickFault : candleFault;
    const reason = sourceSeqFault(names, numbers, cells) ?? fault(names, numbers, cells);
    return reason ?? { row, raw, symbol, ts: time, numbers };
  };
}

function timeOf(time: ParsedTime, isDaily: boolean, dateToTs: DateToTs): bigint | string {
  if (time === undefined) return 'bad_time: not a time of the stated form';
  if (typeof time === 'bigint') return time;
  if (!isDaily) return 'bad_time: a date without a time of day';
  return dateToTs(time.date) ?? `no_session: ${time.date}`;
}

/** Text of a decimal number as a double; NaN for anything else, an empty cell too. */
function numberOf(cell: unknown): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell !== 'string') return Number.NaN;
  const text = cell.trim();
  return text === '' || !/^[+-]?(?:\d|\.\d)/.test(text) || /^[+-]?0[xob]/i.test(text)
    ? Number.NaN
    : Number(text);
}

const isAbsent = (cell: unknown): boolean => cell === undefined || cell === '';
const shown = (cell: unknown): string => (isAbsent(cell) ? 'empty' : String(cell).slice(0, 40));

function sourceSeqFault(
  names: readonly string[],
  numbers: readonly number[],
  cells: readonly unknown[],
): string | undefined {
  const at = names.indexOf('source_seq');
  if (isAbsent(cells[at]) || Number.isSafeInteger(numbers[at])) return undefined;
  return `bad_source_seq: ${shown(cells[at])}`;
}

function tickFault(
  names: readonly string[],
  numbers: readonly number[],
  cells: readonly unknown[],
): string | undefined {
  for (const [at, name] of names.entries()) {
    const value = numbers[at]!;
    if (name === 'price' && !(value > 0 && value < Number.POSITIVE_INFINITY))
      return `bad_price: ${shown(cells[at])}`;
    if (name === 'volume' && !(value >= 0 && value < Number.POSITIVE_INFINITY))
      return `bad_volume: ${shown(cells[at])}`;
    if ((name === 'bid' || name === 'ask') && !isAbsent(cells[at]) && !Number.isFinite(value))
      return `bad_${name}: ${shown(cells[at])}`;
  }
  return undefined;
}

function candleFault(
  names: readonly string[],
  numbers: readonly number[],
  cells: readonly unknown[],
): string | undefined {
  const value = (name: string): number => numbers[names.indexOf(name)]!;
  for (const name of ['open', 'high', 'low', 'close']) {
    if (!(value(name) > 0 && value(name) < Number.POSITIVE_INFINITY))
      return `bad_${name}: ${shown(cells[names.indexOf(name)])}`;
  }
  if (!(value('volume') >= 0 && value('volume') < Number.POSITIVE_INFINITY))
    return `bad_volume: ${shown(cells[names.indexOf('volume')])}`;
  const [low, high] = [value('low'), value('high')];
  const isSane =
    low <= Math.min(value('open'), value('close')) &&
    high >= Math.max(value('open'), value('close'));
  return isSane
    ? undefined
    : `bad_ohlc: low ${low} open ${value('open')} close ${value('close')} high ${high}`;
}

function columnOf(good: readonly GoodRow[], options: InputOptions, name: string): Float64Array {
  const at = columnsOf(options.kind).indexOf(name);
  return Float64Array.from(good, (row) => row.numbers[at]!);
}

function stampsOf(good: readonly GoodRow[]): BigInt64Array {
  return BigInt64Array.from(good, (row) => row.ts);
}

function sourceSeqOf(good: readonly GoodRow[], options: InputOptions): BigInt64Array | undefined {
  const at = columnsOf(options.kind).indexOf('source_seq');
  if (good.length === 0 || good.some((row) => Number.isNaN(row.numbers[at]!))) return undefined;
  return BigInt64Array.from(good, (row) => BigInt(row.numbers[at]!));
}

function rowNumbersOf(good: readonly GoodRow[]): BigInt64Array {
  return BigInt64Array.from(good, (row) => BigInt(row.row));
}
