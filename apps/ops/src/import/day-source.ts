import type { DaySource, FileEntry } from '@tb/history';
import { STORED_TIMEFRAMES } from '@tb/schema';
import { type BuildJob, type ImportDate, publishedOf } from './build-job.ts';
import { asNumbered, inInputOrder, stagedFrom, stagedRowsSql } from './stage-job.ts';

/** SELECT over the rows of a published file. */
export type RelationOf = (file: FileEntry) => string;

/**
 * The rows that a date is built from: those of the stage; what is published, of symbols that the stage does not have, or of
 * all when rows are added; and supplied candles of symbols that nothing else derives. So a file of one symbol corrects that
 * symbol and no other.
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
  const merged = mergedRows(job, date, relationOf, keptSeq);
  if (kind === 'candles' && timeframe !== '1m') return { candles: { [timeframe]: merged } };
  const minutes = find('candles', '1m');
  const ticks = find('ticks', '');
  const derivedSids = kind === 'ticks' ? `SELECT sid FROM (${merged})` : undefined;
  // Added ticks of a symbol whose candles were supplied do not take their place: a gate refuses the two beside each other.
  // Candles of a vendor that stand beside all ticks are not built again.
  const tickSids =
    job.mode === 'replace' || date.vendorTimeframes.includes('1m')
      ? derivedSids
      : ticks && `SELECT sid FROM ${relationOf(ticks)} AS published`;
  const suppliedMinutes =
    kind === 'candles'
      ? merged
      : minutes &&
        `SELECT ${columnsOf('candles')} FROM ${relationOf(minutes)} AS published WHERE sid NOT IN (${tickSids ?? NOBODY})`;
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

const NOBODY = 'SELECT NULL::INTEGER WHERE false';

/** Staged rows and the published ones that stay, of the imported kind and timeframe. */
function mergedRows(
  job: BuildJob,
  date: ImportDate,
  relationOf: RelationOf,
  keptSeq: bigint,
): string {
  const { kind } = job.input;
  const seq = job.numbering === 'live' ? asNumbered(keptSeq, date) : inInputOrder(keptSeq);
  const staged = stagedRowsSql(kind, date, seq);
  const file = publishedOf(date, job.input);
  if (!file) return staged;
  const published = `SELECT ${columnsOf(kind)} FROM ${relationOf(file)} AS published`;
  if (job.mode === 'replace')
    return `${staged} UNION ALL ${published} WHERE sid NOT IN (SELECT sid FROM ${stagedFrom(date)})`;
  // An equal candle is the same candle; another one under its key is left to the gate that refuses it.
  return kind === 'ticks'
    ? `${staged} UNION ALL ${published}`
    : `(${staged} EXCEPT ${published}) UNION ALL ${published}`;
}

export function columnsOf(kind: 'ticks' | 'candles'): string {
  return kind === 'ticks'
    ? 'sid, ts, seq, price, volume, bid, ask'
    : 'sid, ts, open, high, low, close, volume';
}
