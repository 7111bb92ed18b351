import type { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { OpsError } from '../errors.ts';
import { inputError } from './input-error.ts';

const BLOCK_RECORDS = 2000;
const MAX_RECORD_CHARACTERS = 1_048_576;

/** Records that arrived together. */
export interface CsvRecords {
  readonly records: readonly (readonly string[])[];
  /** The last record has no newline behind it: the input ended inside it, or just after it. */
  readonly isCutOff: boolean;
}

/** The input ended inside quotes: what was read of its last record is lost in the parser. */
export const OPEN_QUOTE = 'CSV_QUOTE_NOT_CLOSED';

/**
 * Records of CSV text, RFC 4180. Text without a quote is split at the delimiter, a fifth of the cost of a parser; from the
 * first quote on, csv-parse reads the rest. Both skip empty lines and take the first line end (\n, \r\n, \r) as that of all.
 *
 * @throws `INPUT_UNREADABLE`; with the cause's code `OPEN_QUOTE` when it ends inside quotes
 */
export async function* csvRecords(
  bytes: Readable,
  file: string,
  delimiter = ',',
): AsyncGenerator<CsvRecords> {
  const chunks = bytes.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  let rest = '';
  let lineEnd: string | undefined;
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      let text = rest + next.value;
      if (lineEnd === undefined) text = text.replace(/^\ufeff/, '');
      lineEnd ??= lineEndOf(text);
      if (text.includes('"') || lineEnd === '\r') {
        yield* parsedRecords(text, chunks, { lineEnd, delimiter, file });
        return;
      }
      const lines = lineEnd === undefined ? [text] : text.split(lineEnd);
      rest = lines.pop() ?? '';
      if (rest.length > MAX_RECORD_CHARACTERS) throw tooLong(file);
      const records = recordsOf(lines, delimiter);
      if (records.length > 0) yield { records, isCutOff: false };
    }
  } catch (error) {
    throw inputError(file, error);
  } finally {
    bytes.destroy();
  }
  if (rest !== '') yield { records: recordsOf([rest], delimiter), isCutOff: true };
}

/** undefined while the text does not tell: no line end yet, or a \r that may be half of one. */
function lineEndOf(text: string): string | undefined {
  const found = /\r\n|\n|\r(?!$)/.exec(text);
  return found?.[0];
}

function recordsOf(lines: readonly string[], delimiter: string): string[][] {
  const records: string[][] = [];
  for (const line of lines) if (line !== '') records.push(line.split(delimiter));
  return records;
}

interface TextForm {
  readonly lineEnd: string | undefined;
  readonly delimiter: string;
  /** For messages. */
  readonly file: string;
}

/** The rest of the input through csv-parse, beginning at a record. */
async function* parsedRecords(
  head: string,
  chunks: AsyncIterator<string>,
  { lineEnd, delimiter, file }: TextForm,
): AsyncGenerator<CsvRecords> {
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    ...(lineEnd === undefined ? {} : { record_delimiter: lineEnd }),
  });
  const state: FeedState = { hasNewline: true, isEnding: false };
  const fed = feed(parser, head, chunks, state);
  fed.catch((error: Error) => parser.destroy(error));
  let block: string[][] = [];
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      block.push(record);
      // Nothing more has arrived yet: a feed on a pipe is handed on at once. At the end the last record is kept back,
      // because only then it is known whether it was whole.
      if (state.isEnding || (block.length < BLOCK_RECORDS && parser.readableLength > 0)) continue;
      yield { records: block, isCutOff: false };
      block = [];
    }
    await fed;
  } catch (error) {
    const code = String((error as CsvError).code);
    if (!code.startsWith('CSV_')) throw error;
    if (block.length > 0) yield { records: block, isCutOff: false };
    throw new OpsError(
      'INPUT_UNREADABLE',
      `Input ${file} is not readable as CSV: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    parser.destroy();
  }
  if (block.length > 0) yield { records: block, isCutOff: !state.hasNewline };
}

interface FeedState {
  /** The text written so far ends with a newline. */
  hasNewline: boolean;
  isEnding: boolean;
}

/** Writes the text and what follows it, no faster than the parser takes it. */
async function feed(
  parser: NodeJS.WritableStream,
  head: string,
  chunks: AsyncIterator<string>,
  state: FeedState,
): Promise<void> {
  const write = async (text: string): Promise<void> => {
    if (text === '') return;
    state.hasNewline = /[\r\n]$/.test(text);
    if (!parser.write(text)) await new Promise((resolve) => parser.once('drain', resolve));
  };
  await write(head);
  for (let next = await chunks.next(); !next.done; next = await chunks.next())
    await write(next.value);
  state.isEnding = true;
  parser.end();
}

function tooLong(file: string): OpsError {
  return new OpsError(
    'INPUT_UNREADABLE',
    `Input ${file} is not readable as CSV: a line has more than ${MAX_RECORD_CHARACTERS} characters`,
  );
}
