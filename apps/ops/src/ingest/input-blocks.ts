import type { Readable } from 'node:stream';
import type { SessionCalendar } from '@tb/calendar';
import { type Block, candleBlocks, tickBlocks } from '../input/blocks.ts';
import type { Input } from '../input/cell-source.ts';
import type { InputOptions } from '../input/input-options.ts';
import type { AnyBatch } from './keyed-batches.ts';

/** Rows of an input, of the kind that was stated. @param stdin Read when the input is no file. */
export function inputBlocks(
  input: Input,
  options: InputOptions,
  calendar: SessionCalendar,
  stdin: Readable,
): AsyncIterable<Block<AnyBatch>> {
  const startOf = (date: string): bigint | undefined => calendar.sessionOf(date)?.open;
  return options.kind === 'ticks'
    ? tickBlocks(input, options, stdin)
    : candleBlocks(input, options, stdin, startOf);
}
