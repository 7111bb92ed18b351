import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { hashFile } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { CellRow, WantedColumn } from './cell-row.ts';
import { csvRows } from './csv-rows.ts';
import { inputError } from './input-error.ts';
import {
  type CsvForm,
  type InputFormat,
  type InputOptions,
  PLAIN_CSV,
  REQUIRED,
} from './input-options.ts';
import { jsonRows } from './json-rows.ts';
import { parquetRows } from './parquet-rows.ts';

/** An input file, or stdin. */
export interface Input {
  /** As the user named it; `-` is stdin. */
  readonly name: string;
  readonly format: InputFormat;
  readonly isGzip: boolean;
  /** A stream that may end anywhere: its last line counts only with a newline, and no line at all is no error. */
  readonly isFeed?: boolean | undefined;
}

/** Large reads: a call for 16 kB costs as much as one for 256 kB. */
const READ_BYTES = 262_144;

const FORMATS: ReadonlyMap<string, InputFormat> = new Map([
  ['csv', 'csv'],
  ['txt', 'csv'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'jsonl'],
  ['parquet', 'parquet'],
]);

/** What the name of a file tells: its name without folder and known endings, and what those say. */
function partsOf(name: string): Pick<Input, 'isGzip'> & { stem: string; format?: InputFormat } {
  const base = basename(name);
  const isGzip = /\.gz$/i.test(base);
  const plain = isGzip ? base.slice(0, -3) : base;
  const at = plain.lastIndexOf('.');
  const format = at < 0 ? undefined : FORMATS.get(plain.slice(at + 1).toLowerCase());
  return format === undefined
    ? { stem: plain, isGzip }
    : { stem: plain.slice(0, at), format, isGzip };
}

/** Format by the name of the file, unless stated. stdin wants it stated or is CSV. */
export function inputOf(name: string, stated: InputFormat | undefined): Input {
  const { format: byName, isGzip } = partsOf(name);
  const format = stated ?? byName ?? (name === '-' ? 'csv' : undefined);
  if (format === undefined)
    throw new OpsError('BAD_OPTION', `The format of ${name} is not clear from its name`, {
      hint: 'State it: --input-format csv|jsonl|parquet',
    });
  return { name, format, isGzip };
}

/**
 * The rows of an input as cells. Streams: memory is bounded by a chunk.
 *
 * @throws `INPUT_MISSING`, `INPUT_UNREADABLE`, `INPUT_TRUNCATED`, `COLUMN_MISSING`; `BAD_OPTION` for the form of a CSV that the
 *   input is not.
 */
export function cellRows(
  input: Input,
  options: InputOptions,
  stdin: Readable,
): AsyncIterable<readonly CellRow[]> {
  const required = REQUIRED[options.kind].filter(
    (name) => name !== 'symbol' || options.symbol === undefined,
  );
  const wanted = [...options.columns].map(([ours, theirs]) => ({
    name: theirs,
    isRequired: ours === 'ts_time' || required.includes(ours),
  }));
  return wantedRows(input, wanted, stdin, options.csv);
}

/** The rows of an input as the cells of some columns, by the file's own names for them. @throws as `cellRows` */
export function wantedRows(
  input: Input,
  wanted: readonly WantedColumn[],
  stdin: Readable,
  csv: CsvForm = PLAIN_CSV,
): AsyncIterable<readonly CellRow[]> {
  if (input.format !== 'csv' && (csv.names || csv.delimiter !== PLAIN_CSV.delimiter))
    throw new OpsError(
      'BAD_OPTION',
      `${input.name} is ${input.format}, which has neither --columns nor --delimiter`,
    );
  if (input.format === 'parquet') return parquetRows(input.name, wanted);
  const bytes = bytesOf(input, stdin);
  const isFeed = input.isFeed === true;
  return input.format === 'csv'
    ? csvRows(bytes, input.name, wanted, { ...csv, isFeed })
    : jsonRows(bytes, input.name, wanted);
}

/**
 * The symbol of all rows of an input: as stated, `{file}` being its name without folder and endings, and `{head}` that up to its
 * first - or _: `BTCUSDT` of BTCUSDT-1m-2024-01.csv.gz. undefined: each row names its own.
 * @throws `BAD_OPTION` for stdin, which has no name
 */
export function symbolOf(
  { name }: Input,
  { symbol }: Pick<InputOptions, 'symbol'>,
): string | undefined {
  if (symbol === undefined || !/\{(file|head)\}/.test(symbol)) return symbol;
  if (name === '-')
    throw new OpsError('BAD_OPTION', `--symbol ${symbol} wants a file: stdin has no name`);
  const { stem: file } = partsOf(name);
  const head = file.replace(/[-_].*$/, '');
  return symbol.replaceAll('{file}', () => file).replaceAll('{head}', () => head);
}

/** sha256 of a file of the user as it lies there, hex. @throws `INPUT_MISSING`, `INPUT_UNREADABLE` */
export async function sha256Of({ name }: Input): Promise<string> {
  try {
    return (await hashFile(name)).sha256;
  } catch (error) {
    throw inputError(name, error);
  }
}

/** The bytes of an input, unpacked. An error of the file ends the stream that is read; its readers translate it. */
function bytesOf(input: Input, stdin: Readable): Readable {
  const source =
    input.name === '-' || input.isFeed === true
      ? stdin
      : createReadStream(input.name, { highWaterMark: READ_BYTES });
  if (!input.isGzip) return source;
  const target = createGunzip({ chunkSize: READ_BYTES });
  source.on('error', (error: Error) => target.destroy(error));
  target.on('close', () => source.destroy());
  return source.pipe(target);
}
