import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OpsError } from '../errors.ts';
import type { CellRow } from './cell-row.ts';
import { csvRows } from './csv-rows.ts';
import { inputError } from './input-error.ts';
import { type InputFormat, type InputOptions, REQUIRED } from './input-options.ts';
import { jsonRows } from './json-rows.ts';
import { parquetRows } from './parquet-rows.ts';

/** An input file, or stdin. */
export interface Input {
  /** As the user named it; `-` is stdin. */
  readonly name: string;
  readonly format: InputFormat;
  readonly isGzip: boolean;
}

/** Format by the name of the file, unless stated. stdin wants it stated or is CSV. */
export function inputOf(name: string, stated: InputFormat | undefined): Input {
  const base = basename(name).toLowerCase();
  const isGzip = base.endsWith('.gz');
  const plain = isGzip ? base.slice(0, -3) : base;
  const byName: InputFormat | undefined = /\.(csv|txt)$/.test(plain)
    ? 'csv'
    : /\.(jsonl|ndjson|json)$/.test(plain)
      ? 'jsonl'
      : plain.endsWith('.parquet')
        ? 'parquet'
        : undefined;
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
 * @param wanted The file's names of the columns; `required` says which must be there.
 * @throws `INPUT_MISSING`, `INPUT_UNREADABLE`, `INPUT_TRUNCATED`, `COLUMN_MISSING`
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
    isRequired: required.includes(ours),
  }));
  if (input.format === 'parquet') return parquetRows(input.name, wanted);
  const bytes = bytesOf(input, stdin);
  return input.format === 'csv'
    ? csvRows(bytes, input.name, wanted)
    : jsonRows(bytes, input.name, wanted);
}

/** The bytes of an input, unpacked; errors of the file become ours. */
function bytesOf(input: Input, stdin: Readable): Readable {
  const source = input.name === '-' ? stdin : createReadStream(input.name);
  const target = input.isGzip ? createGunzip() : new PassThrough();
  source.on('error', (cause: unknown) => target.destroy(inputError(input.name, cause)));
  const translated = new PassThrough();
  target.on('error', (cause: unknown) => translated.destroy(inputError(input.name, cause)));
  translated.on('close', () => source.destroy());
  return source.pipe(target).pipe(translated);
}
