import type { DuckDBConnection } from '@duckdb/node-api';
import type { Session, SessionCalendar } from '@tb/calendar';
import { type ExchangeMap, exchangeOfKey } from '../exchange-of-key.ts';
import { literal } from '../source-table.ts';
import { insertValues, rowsOf } from './query.ts';

/** Hours of a row whose exchange is not known: open when any exchange of India is. */
export const ANY_EXCHANGE = '*';

const DAY_NS = 86_400_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;
/** Pre-open and closing auctions, late prints: real rows of NSE come from 09:00 to 16:07. */
const BEFORE_NS = HOUR_NS / 4n;
const AFTER_NS = (HOUR_NS * 3n) / 4n;
/** From this length on a session covers most of the day, and hours say little. */
const LONG_NS = 12n * HOUR_NS;
const INDIA = ['nse', 'bse', 'mcx'];

/** Calendars of exchanges, with the holidays of the data root. */
export type CalendarOf = (exchange: string) => SessionCalendar;

/** Creates the empty tables that times are compared with. */
export async function createCalendarTables(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    'CREATE TABLE keys (key VARCHAR, key_id INTEGER, exchange VARCHAR, problem VARCHAR)',
  );
  await connection.run(
    'CREATE TABLE hours (exchange VARCHAR, from_ns BIGINT, to_ns BIGINT, is_long BOOLEAN)',
  );
  await connection.run('CREATE TABLE sids (key_id INTEGER, sid INTEGER)');
  await connection.run(
    'CREATE TABLE sessions (exchange VARCHAR, trading_date VARCHAR, window_from BIGINT, window_to BIGINT, open BIGINT, close BIGINT)',
  );
}

/**
 * Gives each new key of a query its exchange, or the reason why it has none.
 * @param query A SELECT of one column, `key`.
 */
export async function addKeys(
  connection: DuckDBConnection,
  query: string,
  stated: ExchangeMap,
): Promise<void> {
  const found = await rowsOf(
    connection,
    `SELECT DISTINCT key FROM (${query}) AS q WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM keys) ORDER BY key`,
  );
  const [{ n } = { n: 0 }] = await rowsOf(connection, 'SELECT count(*) AS n FROM keys');
  const values = found.map((row, at) => {
    const key = String(row['key']);
    const finding = exchangeOfKey(key, stated);
    const [exchange, problem] =
      'exchange' in finding
        ? [literal(finding.exchange), 'NULL']
        : ['NULL', literal(finding.problem)];
    return `(${literal(key)}, ${Number(n) + at}, ${exchange}, ${problem})`;
  });
  await insertValues(connection, 'keys', values);
}

/**
 * Fills `hours` and `sessions` for every exchange of `keys` and every date near a time.
 * @param query A SELECT of one column, `ns`, with all times in question, naive and absolute.
 */
export async function addSessions(
  connection: DuckDBConnection,
  query: string,
  calendarOf: CalendarOf,
): Promise<void> {
  const days = await rowsOf(
    connection,
    `SELECT DISTINCT ns // ${DAY_NS} AS day FROM (${query}) AS q WHERE ns IS NOT NULL`,
  );
  const near = new Set<bigint>();
  for (const { day } of days)
    for (const shift of [-1n, 0n, 1n]) near.add(BigInt(day as bigint) + shift);
  const dates = [...near].map((day) =>
    new Date(Number(day) * 86_400_000).toISOString().slice(0, 10),
  );
  const exchanges = await rowsOf(
    connection,
    'SELECT DISTINCT exchange FROM keys WHERE exchange IS NOT NULL',
  );
  const india = new Map(
    INDIA.map((exchange) => [exchange, sessionsOn(calendarOf(exchange), dates)]),
  );
  await connection.run('DELETE FROM hours');
  await connection.run('DELETE FROM sessions');
  for (const row of exchanges) {
    const exchange = String(row['exchange']);
    const sessions = india.get(exchange) ?? sessionsOn(calendarOf(exchange), dates);
    await insertValues(
      connection,
      'hours',
      sessions.map((session) => hoursOf(exchange, session)),
    );
    await insertValues(connection, 'sessions', sessions.map(sessionValues));
  }
  await insertValues(connection, 'hours', widestHours([...india.values()].flat()));
}

function sessionsOn(calendar: SessionCalendar, dates: readonly string[]): Session[] {
  return dates.map((date) => calendar.sessionOf(date)).filter((session) => session !== undefined);
}

function hoursOf(exchange: string, { open, close }: Session): string {
  const isLong = close - open >= LONG_NS;
  const [from, to] = isLong ? [open, close] : [open - BEFORE_NS, close + AFTER_NS];
  return `(${literal(exchange)}, ${from}, ${to}, ${isLong})`;
}

function sessionValues(session: Session): string {
  const { exchange, tradingDate, windowFrom, windowTo, open, close } = session;
  return `(${literal(exchange)}, ${literal(tradingDate)}, ${windowFrom}, ${windowTo}, ${open}, ${close})`;
}

/** One stretch a date, from the first open to the last close. */
function widestHours(sessions: readonly Session[]): string[] {
  const byDate = new Map<string, { open: bigint; close: bigint }>();
  for (const { tradingDate, open, close } of sessions) {
    const known = byDate.get(tradingDate);
    byDate.set(tradingDate, {
      open: known && known.open < open ? known.open : open,
      close: known && known.close > close ? known.close : close,
    });
  }
  return [...byDate.values()].map(
    ({ open, close }) => `('${ANY_EXCHANGE}', ${open}, ${close}, true)`,
  );
}
