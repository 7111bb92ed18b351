import { isCalendarError, type SessionCalendar } from '@tb/calendar';
import {
  type DuckConnection,
  type FileEntry,
  type FileVerifier,
  isHistoryError,
  type ManifestSnapshot,
  withAttached,
} from '@tb/history';
import { openSqlite } from '@tb/locks';
import type { Calendars } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { databaseFilesOf } from '../health/databases.ts';
import type { CoverageDay, ExchangeCoverage } from './report-facts.ts';

export interface CoverageTools {
  readonly layout: Layout;
  readonly connection: DuckConnection;
  readonly verifier: FileVerifier;
  readonly calendars: Calendars;
}

/** Rows by symbol of one date, or why they cannot be read. */
type Counted = ReadonlyMap<string, number> | { readonly problem: string };

/** Coverage of every exchange that has published or live rows, the newest `days` sessions each. */
export async function coverageOf(
  snapshot: ManifestSnapshot,
  days: number,
  tools: CoverageTools,
): Promise<readonly ExchangeCoverage[]> {
  const live = await liveCountsOf(tools.layout);
  const exchanges = [...new Set([...snapshot.exchanges(), ...live.keys()])].sort();
  const all: ExchangeCoverage[] = [];
  for (const exchange of exchanges)
    all.push(await ofExchange(exchange, snapshot, live.get(exchange) ?? new Map(), days, tools));
  return all;
}

async function ofExchange(
  exchange: string,
  snapshot: ManifestSnapshot,
  live: ReadonlyMap<string, ReadonlyMap<string, number>>,
  days: number,
  tools: CoverageTools,
): Promise<ExchangeCoverage> {
  const candles = snapshot.find({ exchange, kind: 'candles', timeframe: '1m' });
  const unit = candles.length > 0 || live.size > 0 ? 'candles' : 'ticks';
  const published = unit === 'candles' ? candles : snapshot.find({ exchange, kind: 'ticks' });
  const entries = new Map(published.map((entry) => [entry.tradingDate, entry]));
  const calendar = calendarOf(tools.calendars, exchange);
  const dates = datesOf([...entries.keys(), ...live.keys()], calendar).slice(-days);
  const columns: CoverageDay[] = [];
  const counts: ReadonlyMap<string, number>[] = [];
  for (const tradingDate of dates) {
    const entry = entries.get(tradingDate);
    // History wins for a published date, as in every read.
    const counted = entry
      ? await countPublished(entry, snapshot, tools)
      : (live.get(tradingDate) ?? new Map<string, number>());
    const problem = 'problem' in counted ? counted.problem : undefined;
    const expected =
      unit === 'candles' && calendar?.isSession(tradingDate)
        ? calendar.expectedCandles(tradingDate, '1m').length
        : undefined;
    const present = entry ? 'published' : live.has(tradingDate) ? 'live' : 'missing';
    columns.push({
      tradingDate,
      state: problem === undefined ? present : 'unreadable',
      expected,
      problem,
    });
    counts.push('problem' in counted ? new Map() : counted);
  }
  const names = [...new Set(counts.flatMap((one) => [...one.keys()]))].sort();
  const symbols = names.map((symbol) => ({
    symbol,
    rows: counts.map((one) => one.get(symbol) ?? 0),
  }));
  return { exchange, unit, days: columns, symbols };
}

/** Sessions from the first to the last date with data, and the dates with data: a missing session has a column. */
function datesOf(withData: readonly string[], calendar: SessionCalendar | undefined): string[] {
  const sorted = [...withData].sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [];
  const sessions = calendar?.sessionsBetween(first, last).map((one) => one.tradingDate) ?? [];
  return [...new Set([...sorted, ...sessions])].sort();
}

/** undefined for an exchange without a calendar: its coverage is shown without what was expected. */
function calendarOf(calendars: Calendars, exchange: string): SessionCalendar | undefined {
  try {
    return calendars.of(exchange);
  } catch (error) {
    if (isCalendarError(error, 'CALENDAR_MISSING')) return undefined;
    throw error;
  }
}

async function countPublished(
  entry: FileEntry,
  snapshot: ManifestSnapshot,
  { layout, connection, verifier }: CoverageTools,
): Promise<Counted> {
  try {
    await verifier.verify(entry);
  } catch (error) {
    if (!isHistoryError(error)) throw error;
    return { problem: error.code };
  }
  const table = snapshot.symbols(entry.exchange);
  return withAttached(connection, layout, [entry], async ([relation]) => {
    const result = await connection.runAndReadAll(
      `SELECT sid, CAST(count(*) AS INTEGER) AS n FROM ${relation} GROUP BY sid`,
    );
    return new Map(
      result.getRowObjects().map((row) => {
        const sid = Number(row['sid']);
        return [table.symbolOf(sid) ?? `sid ${sid}`, Number(row['n'])];
      }),
    );
  });
}

/** 1m candles of each live buffer, those that still take ticks included, by exchange, trading date and symbol. */
async function liveCountsOf(
  layout: Layout,
): Promise<ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, number>>>> {
  const live = new Map<string, Map<string, Map<string, number>>>();
  for (const { exchange, path } of await databaseFilesOf(layout)) {
    if (exchange === undefined) continue;
    const db = openSqlite(path, { readonly: true });
    try {
      const rows = db
        .prepare(
          `SELECT trading_date AS date, symbol, count(*) AS n
           FROM (SELECT trading_date, sid, ts FROM candles UNION SELECT trading_date, sid, ts FROM forming)
           JOIN symbols USING (sid) GROUP BY trading_date, sid`,
        )
        .all() as { date: string; symbol: string; n: number }[];
      const dates = new Map<string, Map<string, number>>();
      for (const { date, symbol, n } of rows) {
        const counts = dates.get(date) ?? new Map<string, number>();
        dates.set(date, counts.set(symbol, n));
      }
      if (dates.size > 0) live.set(exchange, dates);
    } finally {
      db.close();
    }
  }
  return live;
}
