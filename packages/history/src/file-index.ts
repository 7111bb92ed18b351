import type { Kind, StoredTimeframe } from '@tb/schema';
import { dayFileLabel, type FileEntry } from './day-file.ts';
import { HistoryError } from './errors.ts';
import type { FileRecord } from './file-record.ts';
import { inputsDigest } from './month-digest.ts';
import { datesOfPeriod } from './period.ts';

/** Which files to find: trading dates `[from, to)`, all when absent. */
export interface FileQuery {
  readonly exchange: string;
  readonly kind: Kind;
  /** Required for candles, '' or absent for ticks. */
  readonly timeframe?: StoredTimeframe | '' | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Choose the revisions that were published at or before this time, ns UTC. */
  readonly asOf?: bigint | undefined;
}

/** Files of one exchange, kind and timeframe by trading date. Immutable: `with` makes a new one. */
export class FileGroup {
  /** Ascending. */
  readonly dates: readonly string[];
  /** Ascending trading date and revision. */
  readonly #records: readonly FileRecord[];
  /** Per date, its newest revision. */
  readonly #newest: readonly FileRecord[];
  /** Per date, where its records end. */
  readonly #ends: readonly number[];
  /** By period: a read of ten years would hash thousands of lines each time. */
  readonly #digests = new Map<string, string>();

  /** @param records Ascending trading date and revision. */
  constructor(records: readonly FileRecord[]) {
    const [newest, ends]: [FileRecord[], number[]] = [[], []];
    for (const [index, record] of records.entries()) {
      if (records[index + 1]?.tradingDate === record.tradingDate) continue;
      newest.push(record);
      ends.push(index + 1);
    }
    this.#records = records;
    this.#newest = newest;
    this.#ends = ends;
    this.dates = newest.map((one) => one.tradingDate);
  }

  /** A group with these records added, or put in place of those with the same key. */
  with(records: readonly FileRecord[]): FileGroup {
    const byKey = new Map<string, FileRecord>();
    for (const one of [...this.#records, ...records])
      byKey.set(`${one.tradingDate} ${one.revision}`, one);
    return new FileGroup([...byKey.values()].sort(inOrder));
  }

  /** Ascending revision; empty when nothing is published. */
  revisionsOf(tradingDate: string): readonly FileEntry[] {
    const index = lowerBound(this.dates, tradingDate);
    if (this.dates[index] !== tradingDate) return [];
    return this.#recordsAt(index).map((one) => one.entry());
  }

  /** The newest revision of each date, ascending; with `asOf`, the newest one of that time. @throws `REVISION_PRUNED` */
  find(
    from: string | undefined,
    to: string | undefined,
    asOf: bigint | undefined,
  ): readonly FileRecord[] {
    const start = from === undefined ? 0 : lowerBound(this.dates, from);
    const end = to === undefined ? this.dates.length : lowerBound(this.dates, to);
    const found = asOf === undefined ? this.#newest.slice(start, end) : [];
    if (asOf !== undefined)
      for (let index = start; index < end; index++) {
        const record = this.#recordsAt(index).findLast((one) => one.publishedAt <= asOf);
        if (record) found.push(record);
      }
    for (const record of found) assertNotPruned(record);
    return found;
  }

  /** `inputsDigest` of the newest revisions of a period (`MonthEntry.month`), or of those that counted at `asOf`. */
  digestOf(period: string, asOf: bigint | undefined): string {
    const known = asOf === undefined ? this.#digests.get(period) : undefined;
    if (known !== undefined) return known;
    const { from, to } = datesOfPeriod(period);
    const digest = inputsDigest(this.find(from, to, asOf));
    if (asOf === undefined) this.#digests.set(period, digest);
    return digest;
  }

  #recordsAt(index: number): readonly FileRecord[] {
    return this.#records.slice(this.#ends[index - 1] ?? 0, this.#ends[index]);
  }
}

function inOrder(a: FileRecord, b: FileRecord): number {
  if (a.tradingDate !== b.tradingDate) return a.tradingDate < b.tradingDate ? -1 : 1;
  return a.revision - b.revision;
}

function assertNotPruned(record: FileRecord): void {
  if (record.tier === 'pruned')
    throw new HistoryError(
      'REVISION_PRUNED',
      `${dayFileLabel(record.entry())} was removed by \`tb prune\`; a newer revision exists`,
    );
}

/** Index of the first element not below `value` in an ascending list. */
function lowerBound(sorted: readonly string[], value: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The key of a group, as `FILE_COLUMNS` has it. */
export function groupKey(exchange: string, kind: Kind, timeframe: string): string {
  return `${exchange}/${kind}/${timeframe}`;
}
