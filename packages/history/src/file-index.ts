import type { Kind, StoredTimeframe } from '@tb/schema';
import { dayFileLabel, type FileEntry } from './day-file.ts';
import { HistoryError } from './errors.ts';
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
  /** Per date, ascending revision. */
  readonly #byDate: ReadonlyMap<string, readonly FileEntry[]>;
  /** By period: a read of ten years would hash thousands of lines each time. */
  readonly #digests = new Map<string, string>();
  /** The newest revision of each date, made when it is first asked for. */
  #newest: readonly FileEntry[] | undefined;

  constructor(byDate: ReadonlyMap<string, readonly FileEntry[]>) {
    this.#byDate = byDate;
    this.dates = [...byDate.keys()].sort();
  }

  /** A group with these entries added, or put in place of those with the same key. */
  with(entries: readonly FileEntry[]): FileGroup {
    const byDate = new Map(this.#byDate);
    for (const entry of entries) {
      const others = byDate.get(entry.tradingDate);
      byDate.set(entry.tradingDate, others ? withRevision(others, entry) : [entry]);
    }
    return new FileGroup(byDate);
  }

  /** Ascending revision; empty when nothing is published. */
  revisionsOf(tradingDate: string): readonly FileEntry[] {
    return this.#byDate.get(tradingDate) ?? [];
  }

  /** The newest revision of each date, ascending. @throws `REVISION_PRUNED` */
  find(from: string | undefined, to: string | undefined, asOf: bigint | undefined): FileEntry[] {
    const start = from === undefined ? 0 : lowerBound(this.dates, from);
    const end = to === undefined ? this.dates.length : lowerBound(this.dates, to);
    if (asOf === undefined) return this.#newestOfAll().slice(start, end).map(notPruned);
    return this.dates.slice(start, end).flatMap((date) => {
      const entry = this.revisionsOf(date).findLast((one) => one.publishedAt <= asOf);
      return entry ? [notPruned(entry)] : [];
    });
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

  #newestOfAll(): readonly FileEntry[] {
    this.#newest ??= this.dates.map((date) => this.revisionsOf(date).at(-1) as FileEntry);
    return this.#newest;
  }
}

function withRevision(revisions: readonly FileEntry[], entry: FileEntry): readonly FileEntry[] {
  const others = revisions.filter((one) => one.revision !== entry.revision);
  return [...others, entry].sort((a, b) => a.revision - b.revision);
}

function notPruned(entry: FileEntry): FileEntry {
  if (entry.tier !== 'pruned') return entry;
  throw new HistoryError(
    'REVISION_PRUNED',
    `${dayFileLabel(entry)} was removed by \`tb prune\`; a newer revision exists`,
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

/** The key of a group. */
export function groupKey(exchange: string, kind: Kind, timeframe: string): string {
  return kind === 'ticks' ? `${exchange}/ticks` : `${exchange}/candles/${timeframe}`;
}
