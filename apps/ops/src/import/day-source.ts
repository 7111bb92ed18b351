import type { DaySource, FileEntry } from '@tb/history';
import { STORED_TIMEFRAMES } from '@tb/schema';
import type { BuildJob, ImportDate } from './build-job.ts';
import { stagedRowsSql } from './stage-job.ts';

/** SELECT over the rows of a published file. */
export type RelationOf = (file: FileEntry) => string;

/**
 * The rows that a date is built from: those of the stage; for symbols that the stage does not have, what is published; and
 * supplied candles of symbols that nothing else derives. So a file of one symbol corrects that symbol and no other.
 *
 * @param keptSeq Highest seq among the published ticks that stay; staged ticks are numbered after it.
 */
export function daySource(
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
  keptSeq: bigint,
): DaySource {
  const { kind, timeframe } = job.input;
  const find = (of: 'ticks' | 'candles', width: string): FileEntry | undefined =>
    date.published.find((file) => file.kind === of && file.timeframe === width);
  const staged = stagedRowsSql(kind, 'staged', date.tradingDate, keptSeq + 1n);
  const stagedSids = `SELECT sid FROM staged.stage WHERE day = DATE '${date.tradingDate}'`;
  const same = find(kind, timeframe);
  const merged = same
    ? `${staged} UNION ALL SELECT ${columnsOf(kind)} FROM ${relationOf(same)} AS published WHERE sid NOT IN (${stagedSids})`
    : staged;
  if (kind === 'candles' && timeframe !== '1m') return { candles: { [timeframe]: merged } };
  const minutes = find('candles', '1m');
  const derivedSids = kind === 'ticks' ? `SELECT sid FROM (${merged})` : undefined;
  const suppliedMinutes =
    kind === 'candles'
      ? merged
      : minutes &&
        `SELECT ${columnsOf('candles')} FROM ${relationOf(minutes)} AS published WHERE sid NOT IN (${derivedSids})`;
  const candles: Record<string, string> =
    suppliedMinutes === undefined ? {} : { '1m': suppliedMinutes };
  const minuteSids = [derivedSids, suppliedMinutes && `SELECT sid FROM (${suppliedMinutes})`]
    .filter((sql) => sql !== undefined)
    .join(' UNION ');
  for (const width of STORED_TIMEFRAMES.slice(1)) {
    const file = find('candles', width);
    if (file && (kind === 'candles' ? !minutes : true))
      candles[width] =
        `SELECT ${columnsOf('candles')} FROM ${relationOf(file)} AS published WHERE sid NOT IN (${minuteSids})`;
  }
  return kind === 'ticks' ? { ticks: merged, candles } : { candles };
}

export function columnsOf(kind: 'ticks' | 'candles'): string {
  return kind === 'ticks'
    ? 'sid, ts, seq, price, volume, bid, ask'
    : 'sid, ts, open, high, low, close, volume';
}
