import { type Kind, STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { FileEntry, MonthEntry } from './day-file.ts';
import { FileGroup, type FileQuery, groupKey } from './file-index.ts';
import type { FileRecord } from './file-record.ts';
import { datesOfPeriod, lastMonthOf, monthOf } from './period.ts';
import { GrowingSymbolTable, type SymbolTable } from './symbol-table.ts';

/** A fresh derived file and the day files it stands for. These are thousands and seldom asked for: listed when they are. */
export interface PlannedMonth {
  readonly month: MonthEntry;
  /** Of `daysInQuery`. */
  readonly tradingDates: readonly string[];
  /** Its published days, all of them, ascending. */
  readonly days: readonly FileEntry[];
  /** Those that the query asks for, ascending: what to read when its file is not there. */
  readonly daysInQuery: readonly FileEntry[];
}

/** The fewest files that hold what is asked for. */
export interface FilePlan {
  readonly months: readonly PlannedMonth[];
  readonly days: readonly FileEntry[];
  /** Of days and months, ascending. */
  readonly tradingDates: readonly string[];
}

/** Row times, ns UTC, half-open. */
export interface RowRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Parts of the manifest that a refresh may replace; each part is never changed in place. */
export interface ManifestState {
  readonly version: number;
  readonly groups: ReadonlyMap<string, FileGroup>;
  readonly months: ReadonlyMap<string, MonthEntry>;
  readonly corrections: readonly Correction[];
  readonly symbols: ReadonlyMap<string, GrowingSymbolTable>;
}

/** A derived file stands for its days only from this many days on: below it the day files are as fast. */
const DERIVED_DAYS = 3;

const EMPTY_GROUP = new FileGroup([]);
const EMPTY_TABLE: SymbolTable = new GrowingSymbolTable();

/** The manifest at one version: what was published, in one transaction. Holds no connection; never changes. */
export class ManifestSnapshot {
  readonly version: number;
  /** All corrections by ascending id. */
  readonly corrections: readonly Correction[];
  readonly #state: ManifestState;

  constructor(state: ManifestState) {
    this.#state = state;
    this.version = state.version;
    this.corrections = state.corrections;
  }

  /** Exchanges that have files, ascending. */
  exchanges(): readonly string[] {
    return [
      ...new Set([...this.#state.groups.keys()].map((key) => key.split('/', 1)[0] as string)),
    ].sort();
  }

  /**
   * The newest revision of each trading date of the query, ascending; with `asOf`, the newest one of that time.
   * @throws `REVISION_PRUNED` when the chosen revision was removed.
   */
  find(query: FileQuery): readonly FileEntry[] {
    return this.#find(query).map((one) => one.entry());
  }

  /** Every revision of a trading date, all kinds and timeframes, pruned ones too. */
  revisionsOf(exchange: string, tradingDate: string): readonly FileEntry[] {
    return this.#groupsOf(exchange).flatMap((group) => group.revisionsOf(tradingDate));
  }

  /** Whether anything of the trading date is published: then history wins over the live buffer. */
  isPublished(exchange: string, tradingDate: string): boolean {
    return this.#groupsOf(exchange).some((group) => group.revisionsOf(tradingDate).length > 0);
  }

  /** The revision for the next publication of a trading date: all files of one share it. */
  nextRevision(exchange: string, tradingDate: string): number {
    return 1 + Math.max(0, ...this.revisionsOf(exchange, tradingDate).map((one) => one.revision));
  }

  /** Trading dates with files of any kind, ascending. */
  allTradingDates(exchange: string): readonly string[] {
    return [...new Set(this.#groupsOf(exchange).flatMap((group) => group.dates))].sort();
  }

  /** Trading dates with files of a kind and timeframe, ascending. */
  tradingDates(exchange: string, kind: Kind, timeframe?: StoredTimeframe | ''): readonly string[] {
    return this.#group(exchange, kind, timeframe).dates;
  }

  /** Oldest and newest of them; undefined when there is none. */
  extent(
    exchange: string,
    kind: Kind,
    timeframe?: StoredTimeframe | '',
  ): { readonly first: string; readonly last: string } | undefined {
    const dates = this.tradingDates(exchange, kind, timeframe);
    const [first, last] = [dates[0], dates[dates.length - 1]];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** Every derived file recorded for an exchange and timeframe, the whole one first, then months ascending; fresh or not. */
  months(exchange: string, timeframe: StoredTimeframe): readonly MonthEntry[] {
    return [...this.#state.months.values()]
      .filter((one) => one.exchange === exchange && one.timeframe === timeframe)
      .sort((a, b) => (a.month < b.month ? -1 : 1));
  }

  /** The day revisions that a derived file must be made from, ascending. @param month As `MonthEntry.month`. */
  daysOfMonth(
    exchange: string,
    timeframe: StoredTimeframe,
    month: string,
    asOf?: bigint,
  ): readonly FileEntry[] {
    return this.find({ exchange, kind: 'candles', timeframe, asOf, ...datesOfPeriod(month) });
  }

  /** Whether a derived file was made from exactly the day revisions that count now, or counted at `asOf`. */
  isFresh(month: MonthEntry, asOf?: bigint): boolean {
    const group = this.#group(month.exchange, 'candles', month.timeframe);
    return group.digestOf(month.month, asOf) === month.inputsDigest;
  }

  /**
   * `find`, with derived files in place of three or more days where a fresh one exists: the whole one first, then months.
   * One may hold trading dates outside the query: filter rows by time.
   * @param rows Leaves out files without rows in these times.
   */
  plan(query: FileQuery, rows?: RowRange): FilePlan {
    const all = this.#find(query);
    const found = rows ? all.filter((one) => meets(one, rows)) : all;
    const { exchange, timeframe } = query;
    if (query.kind === 'ticks' || !timeframe) return planOf([], found, found);
    const whole = this.#state.months.get(monthKey(exchange, timeframe, WHOLE_KEY));
    const end = whole === undefined ? '' : datesOfPeriod(whole.month).to;
    const inWhole = found.filter((day) => day.tradingDate < end);
    const planned = whole && this.#planned(whole, inWhole, query.asOf);
    const rest = planned ? found.slice(inWhole.length) : found;
    const { months, days } = this.#planMonths(rest, exchange, timeframe, query.asOf);
    return planOf(planned ? [planned, ...months] : months, days, found);
  }

  /** `plan` without the whole file: what it is made from. */
  planMonths(query: FileQuery & { readonly timeframe: StoredTimeframe }): FilePlan {
    const found = this.#find(query);
    const { months, days } = this.#planMonths(found, query.exchange, query.timeframe, query.asOf);
    return planOf(months, days, found);
  }

  #planMonths(
    found: readonly FileRecord[],
    exchange: string,
    timeframe: StoredTimeframe,
    asOf: bigint | undefined,
  ): { readonly months: readonly PlannedMonth[]; readonly days: readonly FileRecord[] } {
    const byMonth = new Map<string, FileRecord[]>();
    for (const day of found) {
      const month = monthOf(day.tradingDate);
      const days = byMonth.get(month);
      if (days) days.push(day);
      else byMonth.set(month, [day]);
    }
    const months: PlannedMonth[] = [];
    const days: FileRecord[] = [];
    for (const [month, inQuery] of byMonth) {
      const entry = this.#state.months.get(monthKey(exchange, timeframe, month));
      const planned = entry && this.#planned(entry, inQuery, asOf);
      if (planned) months.push(planned);
      else days.push(...inQuery);
    }
    return { months, days };
  }

  /** undefined when the file is stale, or has too few of the days. */
  #planned(
    month: MonthEntry,
    inQuery: readonly FileRecord[],
    asOf: bigint | undefined,
  ): PlannedMonth | undefined {
    if (inQuery.length < DERIVED_DAYS || !this.isFresh(month, asOf)) return undefined;
    const list = () => this.daysOfMonth(month.exchange, month.timeframe, month.month, asOf);
    return {
      month,
      tradingDates: inQuery.map((one) => one.tradingDate),
      get days() {
        return list();
      },
      get daysInQuery() {
        return inQuery.map((one) => one.entry());
      },
    };
  }

  /** Symbols of an exchange. Append-only, so it may know symbols that are newer than this snapshot. */
  symbols(exchange: string): SymbolTable {
    return this.#state.symbols.get(exchange) ?? EMPTY_TABLE;
  }

  #find(query: FileQuery): readonly FileRecord[] {
    const { exchange, kind, timeframe, from, to, asOf } = query;
    return this.#group(exchange, kind, timeframe).find(from, to, asOf);
  }

  #group(exchange: string, kind: Kind, timeframe: StoredTimeframe | '' | undefined): FileGroup {
    if (kind === 'candles' && !timeframe) throw new TypeError('Candles want a timeframe');
    return this.#state.groups.get(groupKey(exchange, kind, timeframe ?? '')) ?? EMPTY_GROUP;
  }

  /** Ticks first, then candles by ascending timeframe. */
  #groupsOf(exchange: string): readonly FileGroup[] {
    const keys = [
      groupKey(exchange, 'ticks', ''),
      ...STORED_TIMEFRAMES.map((timeframe) => groupKey(exchange, 'candles', timeframe)),
    ];
    return keys.flatMap((key) => this.#state.groups.get(key) ?? []);
  }
}

/** Whether the rows of a file meet a range. One without rows meets none. */
export function meets(
  file: { readonly minTs: bigint | null; readonly maxTs: bigint | null },
  range: RowRange,
): boolean {
  if (file.minTs === null || file.maxTs === null) return false;
  return file.minTs < range.to && file.maxTs >= range.from;
}

function planOf(
  months: readonly PlannedMonth[],
  days: readonly FileRecord[],
  found: readonly FileRecord[],
): FilePlan {
  return {
    months,
    days: days.map((one) => one.entry()),
    tradingDates: found.map((one) => one.tradingDate),
  };
}

/** In place of a month: an exchange and timeframe have one whole file at most. */
const WHOLE_KEY = 'whole';

function monthKey(exchange: string, timeframe: StoredTimeframe, month: string): string {
  return `${exchange}/${timeframe}/${month}`;
}

/** @internal Derived files by what they are looked up with. */
export function monthsByKey(entries: readonly MonthEntry[]): ReadonlyMap<string, MonthEntry> {
  return new Map(
    entries.map((one) => {
      const period = lastMonthOf(one.month) === undefined ? one.month : WHOLE_KEY;
      return [monthKey(one.exchange, one.timeframe, period), one];
    }),
  );
}
