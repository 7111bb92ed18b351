import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import {
  type DayFileKey,
  type Kind,
  type Layout,
  STORED_TIMEFRAMES,
  type StoredTimeframe,
} from '@tb/schema';

/** One folder of day files. */
export interface DayFolder {
  readonly exchange: string;
  readonly kind: Kind;
  readonly timeframe: StoredTimeframe | '';
  /** Relative to the root, with `/`. */
  readonly path: string;
}

/** Every folder that day files of an exchange can stand in, existing or not. */
export function dayFoldersOf(layout: Layout, exchange: string): readonly DayFolder[] {
  const kinds: readonly (readonly [Kind, StoredTimeframe | ''])[] = [
    ['ticks', ''],
    ...STORED_TIMEFRAMES.map((timeframe) => ['candles', timeframe] as const),
  ];
  return kinds.map(([kind, timeframe]) => {
    const key: DayFileKey = { exchange, kind, timeframe, tradingDate: '2000-01-03', revision: 1 };
    return { exchange, kind, timeframe, path: posix.dirname(layout.dayFile(key)) };
  });
}

/** Exchanges that have a folder below market_data, ascending. */
export function exchangesOnDisk(layout: Layout): readonly string[] {
  return namesIn(layout.marketData)
    .filter((name) => /^[a-z][a-z0-9_]{0,15}$/.test(name) && name !== 'archive')
    .filter((name) =>
      dayFoldersOf(layout, name).some((one) => namesIn(layout.absolute(one.path)).length > 0),
    )
    .sort();
}

const FINAL_NAME = /^(\d{4}-\d{2}-\d{2})(?:\.r([2-9]|[1-9]\d+))?\.duckdb$/;
const TEMP_NAME = /^\.tmp-(\d{4}-\d{2}-\d{2})-[0-9a-f-]+\.(duckdb|parquet)(\.wal)?$/;

/** Trading date and revision of a final name; undefined for any other name. */
export function parseDayFileName(
  name: string,
): { readonly tradingDate: string; readonly revision: number } | undefined {
  const parts = FINAL_NAME.exec(name);
  return parts?.[1] === undefined
    ? undefined
    : { tradingDate: parts[1], revision: Number(parts[2] ?? 1) };
}

/** Trading date of a temporary name; undefined for any other name. */
export function tradingDateOfTemp(name: string): string | undefined {
  return TEMP_NAME.exec(name)?.[1];
}

/** Names in a folder, none when it does not exist. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
