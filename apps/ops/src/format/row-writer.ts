import { createWriteStream } from 'node:fs';
import { link, lstat, open, rm, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { OpsError } from '../errors.ts';
import { syncFolder } from '../files/durable.ts';
import { tableOf, toJson } from '../output.ts';
import { csvLine } from './csv.ts';

export type RowFormat = 'table' | 'csv' | 'json';
export type Cell = string | number | bigint | boolean | null | undefined;

/** Takes rows as they come and writes them in one format, to stdout or to a file that appears whole or not at all. */
export interface RowWriter {
  /** Waits while the reader of the output is slow. */
  write(cells: readonly Cell[]): Promise<void>;
  /** Rows written. A reader that went away (`| head`) is no error. */
  end(): Promise<number>;
  /** Removes what was begun. */
  discard(): Promise<void>;
}

const FLUSH_CHARACTERS = 65_536;
/** A table is aligned over its first rows; later ones follow the same widths. */
const TABLE_BLOCK = 2000;

/**
 * @param out A file that must not exist; undefined: stdout.
 * @throws `OUTPUT_EXISTS`
 */
export async function openRowWriter(
  format: RowFormat,
  header: readonly string[],
  out: string | undefined,
): Promise<RowWriter> {
  const sink = await openSink(out);
  let buffer = format === 'csv' ? csvLine(header) : format === 'json' ? '[' : '';
  let block: (string | number)[][] = [];
  let rows = 0;
  const flush = async (): Promise<void> => {
    if (buffer !== '') await sink.write(buffer);
    buffer = '';
  };
  const flushTable = (): void => {
    if (format !== 'table' || (block.length === 0 && rows > 0)) return;
    const lines = tableOf(header, block);
    buffer += `${(rows > block.length ? lines.slice(1) : lines).join('\n')}\n`;
    block = [];
  };
  return {
    write: async (cells) => {
      rows += 1;
      if (format === 'csv') buffer += csvLine(cells);
      else if (format === 'json') buffer += `${rows === 1 ? '\n' : ',\n'}${jsonRow(header, cells)}`;
      else {
        block.push(cells.map(tableCell));
        if (block.length === TABLE_BLOCK) flushTable();
      }
      if (buffer.length >= FLUSH_CHARACTERS) await flush();
    },
    end: async () => {
      flushTable();
      if (format === 'json') buffer += rows === 0 ? ']\n' : '\n]\n';
      await flush();
      await sink.end();
      return rows;
    },
    discard: () => sink.discard(),
  };
}

function jsonRow(header: readonly string[], cells: readonly Cell[]): string {
  return toJson(Object.fromEntries(header.map((name, at) => [name, numberOrNull(cells[at])])));
}

/** JSON has no NaN and no Infinity. */
function numberOrNull(cell: Cell): Cell {
  if (cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))) return null;
  return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : cell;
}

function tableCell(cell: Cell): string | number {
  if (cell === null || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell)))
    return '-';
  return typeof cell === 'number' ? cell : String(cell);
}

interface Sink {
  write(text: string): Promise<void>;
  end(): Promise<void>;
  discard(): Promise<void>;
}

async function openSink(out: string | undefined): Promise<Sink> {
  if (out === undefined) return stdoutSink();
  const path = resolve(out);
  const temporary = `${path}.tmp-${process.pid}`;
  await assertAbsent(path, out);
  const stream = createWriteStream(temporary, { flags: 'wx' });
  const failed = new Promise<never>((_resolve, reject) => stream.once('error', reject));
  failed.catch(() => undefined); // thrown by the race in write and end
  const written = (text: string): Promise<void> =>
    new Promise((done, fail) => stream.write(text, (error) => (error ? fail(error) : done())));
  return {
    write: (text) => Promise.race([written(text), failed]),
    end: async () => {
      await Promise.race([new Promise<void>((done) => stream.end(done)), failed]);
      await publishFile(temporary, path, out);
    },
    discard: async () => {
      stream.destroy();
      await rm(temporary, { force: true });
    },
  };
}

/**
 * Lets `write` make a file under a temporary name beside `out`, which then appears whole, or not at all when it throws.
 * @throws `OUTPUT_EXISTS`, also when the name was taken meanwhile
 */
export async function writeWhole<T>(
  out: string,
  write: (temporary: string) => Promise<T>,
): Promise<T> {
  const path = resolve(out);
  const temporary = `${path}.tmp-${process.pid}`;
  await assertAbsent(path, out);
  try {
    const result = await write(temporary);
    await publishFile(temporary, path, out);
    return result;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes a whole file durable under its final name, which must be free. @throws `OUTPUT_EXISTS` */
async function publishFile(temporary: string, path: string, shown: string): Promise<void> {
  const handle = await open(temporary, 'r');
  await handle.sync().finally(() => handle.close());
  await link(temporary, path).catch((cause: unknown) =>
    Promise.reject(new OpsError('OUTPUT_EXISTS', `Output ${shown} exists`, { cause })),
  );
  await unlink(temporary);
  syncFolder(dirname(path));
}

/** By name alone: opening somebody's database file and closing it again would drop this process's locks on it. */
async function assertAbsent(path: string, shown: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found) throw new OpsError('OUTPUT_EXISTS', `Output ${shown} exists`);
}

/** A closed pipe ends the output without an error: `tb ticks ... | head`. */
function stdoutSink(): Sink {
  let isClosed = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
  };
  process.stdout.on('error', onError);
  const write = (text: string): Promise<void> =>
    isClosed
      ? Promise.reject(new OutputClosed())
      : new Promise((done, fail) =>
          process.stdout.write(text, (error) =>
            isClosed || error ? fail(new OutputClosed()) : done(),
          ),
        );
  return {
    write,
    end: async () => void process.stdout.off('error', onError),
    discard: async () => undefined,
  };
}

/** Nobody reads any more: stop, quietly. */
export class OutputClosed extends Error {
  override readonly name: string = 'OutputClosed';
}
