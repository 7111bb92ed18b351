import type { SessionCalendar } from '@tb/calendar';
import type { SymbolScope } from '@tb/queries';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import { assertTimeZone } from '../input/input-options.ts';
import type { OutputFlags } from './print-rows.ts';
import { assertRange, timeOption } from './time-range.ts';

/** Options of `tb candles` and `tb ticks`. */
export interface RangeFlags extends OutputFlags {
  readonly exchange: string;
  readonly from?: string;
  readonly to?: string;
  readonly last?: string;
  readonly asOf?: string;
  readonly adjust?: string;
  readonly tz?: string;
  readonly maxAgeMs?: number;
  readonly unknownSymbol: string;
}

export type QueryRange =
  | {
      readonly from: bigint;
      readonly to: bigint;
      readonly asOf: bigint | undefined;
      readonly last: undefined;
    }
  | { readonly last: number; readonly before: bigint | undefined };

export function addRangeOptions(command: Command): Command {
  return command
    .option('--from <time>', 'trading date, or ISO time with zone; included')
    .option('--to <time>', 'trading date, or ISO time with zone; not included')
    .option('--last <n>', 'the newest N of each symbol, in place of --from')
    .option('--as-of <time>', 'only what was published at that time')
    .option('--adjust <kind>', 'none (default), splits or all')
    .option('--tz <zone>', 'zone of times that carry none')
    .option('--max-age-ms <ms>', 'refuse live data that are older while the session runs', Number)
    .option('--unknown-symbol <policy>', 'error (default), or empty: no rows', 'error')
    .option('--format <format>', 'table (default), csv, json or parquet')
    .option('--out <file>', 'write to a file that does not exist yet');
}

/** What to read of an exchange, common to candles and ticks. @throws `BAD_OPTION` */
export function scopeOf(
  flags: RangeFlags,
  symbols: readonly string[],
  context: Context,
): SymbolScope {
  if (flags.unknownSymbol !== 'error' && flags.unknownSymbol !== 'empty')
    throw new OpsError(
      'BAD_OPTION',
      `--unknown-symbol ${flags.unknownSymbol} is not one of error, empty`,
    );
  if (flags.adjust !== undefined && !['none', 'splits', 'all'].includes(flags.adjust))
    throw new OpsError('BAD_OPTION', `--adjust ${flags.adjust} is not one of none, splits, all`);
  return {
    exchange: flags.exchange,
    symbols: symbols.length === 0 ? undefined : symbols,
    onUnknownSymbol: flags.unknownSymbol,
    requireFresh: flags.maxAgeMs === undefined ? undefined : { maxAgeMs: flags.maxAgeMs },
    signal: context.signal,
  };
}

/** @throws `BAD_OPTION`, `TIME_ZONE_MISSING` */
export function rangeOf(flags: RangeFlags, calendar: SessionCalendar): QueryRange {
  if (flags.tz !== undefined) assertTimeZone(flags.tz); // a wrong one is told also where each time has its own
  const time = (option: string, text: string | undefined): bigint | undefined =>
    text === undefined ? undefined : timeOption(option, text, flags.tz, calendar);
  if (flags.last !== undefined) {
    if (!/^[1-9]\d{0,8}$/.test(flags.last))
      throw new OpsError('BAD_OPTION', `--last ${flags.last} is not a whole number above 0`);
    if (flags.from !== undefined)
      throw new OpsError('BAD_OPTION', '--last and --from exclude each other');
    if (flags.asOf !== undefined)
      throw new OpsError('BAD_OPTION', '--last and --as-of exclude each other');
    return { last: Number(flags.last), before: time('--to', flags.to) };
  }
  const [from, to] = [time('--from', flags.from), time('--to', flags.to)];
  if (from === undefined || to === undefined)
    throw new OpsError('BAD_OPTION', 'State --from and --to, or --last N');
  assertRange(from, to, flags);
  return { from, to, asOf: time('--as-of', flags.asOf), last: undefined };
}
