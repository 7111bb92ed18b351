import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isOpsError, OpsError } from '../errors.ts';
import { cellRows, inputOf } from '../input/cell-source.ts';
import type { InputOptions } from '../input/input-options.ts';
import type { Feed } from './feed.ts';

export interface FeedFlags {
  readonly data?: string | undefined;
  readonly rows: number;
  readonly symbols: number;
  readonly seed: number;
}

/** The generator, or the tick files below a path. A file of a folder that has not the needed columns is left out, and named. */
export async function demoFeed(
  flags: FeedFlags,
  input: InputOptions,
  log: (line: string) => void,
): Promise<Feed> {
  if (flags.data === undefined)
    return { type: 'generator', seed: flags.seed, symbols: flags.symbols, rows: flags.rows };
  const isFolder = (
    await stat(flags.data).catch((cause: unknown) =>
      Promise.reject(new OpsError('INPUT_MISSING', `${flags.data} does not exist`, { cause })),
    )
  ).isDirectory();
  if (!isFolder) return { type: 'files', files: [flags.data], input };
  const files: string[] = [];
  for (const name of (await readdir(flags.data)).sort()) {
    if (!/\.(csv|csv\.gz|jsonl|jsonl\.gz|parquet)$/.test(name)) continue;
    const path = join(flags.data, name);
    if (await hasColumns(path, input)) files.push(path);
    else log(`left out     ${path}: not ticks by this --map`);
  }
  if (files.length === 0)
    throw new OpsError('INPUT_MISSING', `No tick file in ${flags.data}`, {
      hint: 'Name the columns with --map, e.g. --map ts=ts_utc,volume=size --tz UTC.',
    });
  return { type: 'files', files, input };
}

async function hasColumns(path: string, input: InputOptions): Promise<boolean> {
  try {
    for await (const _rows of cellRows(inputOf(path, input.format), input, Readable.from([])))
      break;
    return true;
  } catch (error) {
    if (isOpsError(error, 'COLUMN_MISSING')) return false;
    throw error;
  }
}
