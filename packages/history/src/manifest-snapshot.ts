import { type Kind, STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { FileEntry, MonthEntry } from './day-file.ts';
import { FileGroup, type FileQuery, groupKey } from './file-index.ts';
import { datesOfMonth, inputsDigest } from './month-digest.ts';
import { GrowingSymbolTable, type SymbolTable } from './symbol-table.ts';

/** A fresh month and the day files it stands for. */
export interface PlannedMonth {
  readonly month: MonthEntry;
  /** The published days of the whole month, ascending: what to read when the month file is not there. */
  readonly days: readonly FileEntry[];
}

/** The fewest files that hold the asked trading dates. */
export interface FilePlan {
  readonly months: readonly PlannedMonth[];
  readonly days: readonly FileEntry[];
}

/** Parts of the manifest that a refresh may replace; each part is never changed in place. */
export interface ManifestState {
  readonly version: number;
  readonly groups: ReadonlyMap<string, FileGroup>;
  readonly months: ReadonlyMap<string, MonthEntry>;
  readonly corrections: readonly Correction[];
  readonly symbols: ReadonlyMap<string, GrowingSymbolTable>;
}

/** A month stands for its days only from this many days on: below it the day files are as fast. */
const MONTH_DAYS = 3;

const EMPTY_GROUP = new FileGroup(new Map());
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
    return this.#group(query.exchange, query.kind, query.timeframe).find(
      query.from,
      query.to,
      query.asOf,
    );
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

  /** Every month recorded for an exchange and timeframe, ascending, fresh or not. */
  months(exchange: string, timeframe: StoredTimeframe): readonly MonthEntry[] {
    return [...this.#state.months.values()]
      .filter((one) => one.exchange === exchange && one.timeframe === timeframe)
      .sort((a, b) => (a.month < b.month ? -1 : 1));
  }

  /** The day revisions that a month must be made from, ascending. */
  daysOfMonth(
    exchange: string,
    timeframe: StoredTimeframe,
    month: string,
    asOf?: bigint,
  ): readonly FileEntry[] {
    return this.find({ exchange, kind: 'candles', timeframe, asOf, ...datesOfMonth(month) });
  }

  /** Whether a month was made from exactly the day revisions that count now, or counted at `asOf`. */
  isFresh(month: MonthEntry, asOf?: bigint): boolean {
    const days = this.daysOfMonth(month.exchange, month.timeframe, month.month, asOf);
    return inputsDigest(days) === month.inputsDigest;
  }

  /**
   * `find`, with months in place of three or more days where a fresh one exists. A month may hold trading dates outside
   * the query: filter rows by time.
   */
  plan(query: FileQuery): FilePlan {
    const found = this.find(query);
    if (query.kind === 'ticks' || !query.timeframe) return { months: [], days: found };
    const byMonth = new Map<string, FileEntry[]>();
    for (const day of found) {
      const month = day.tradingDate.slice(0, 7);
      const days = byMonth.get(month);
      if (days) days.push(day);
      else byMonth.set(month, [day]);
    }
    const months: PlannedMonth[] = [];
    const days: FileEntry[] = [];
    for (const [month, inQuery] of byMonth) {
      const entry = this.#state.months.get(`${query.exchange}/${query.timeframe}/${month}`);
      if (entry && inQuery.length >= MONTH_DAYS && this.isFresh(entry, query.asOf)) {
        const all = this.daysOfMonth(query.exchange, query.timeframe, month, query.asOf);
        months.push({ month: entry, days: all });
      } else days.push(...inQuery);
    }
    return { months, days };
  }

  /** Symbols of an exchange. Append-only, so it may know symbols that are newer than this snapshot. */
  symbols(exchange: string): SymbolTable {
    return this.#state.symbols.get(exchange) ?? EMPTY_TABLE;
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
