import { allOf, type OpenDatabase } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

const NS_PER_MS = 1_000_000n;

/**
 * Trading dates whose session closed, still in the live buffer. Observed: ms since the close. Never more than a warning:
 * the rows are durable and are read all the same.
 */
export const rollover: Check = {
  name: 'rollover',
  run: async (context) =>
    context.databases.live.flatMap((database) => {
      const dates = allOf<{ trading_date: string }>(
        database,
        "SELECT trading_date FROM days WHERE state <> 'cleared' ORDER BY trading_date",
      );
      return dates.length === 0
        ? [ok(database.name, 0, context.limits.rolloverMs)]
        : dates.map(({ trading_date }) => ageOf(context, database, trading_date));
    }),
};

function ageOf(context: HealthContext, database: OpenDatabase, tradingDate: string): Observation {
  const { limits, calendars, nowMs } = context;
  const exchange = database.exchange ?? '';
  const subject = `${database.name} ${tradingDate}`;
  const session = calendars.of(exchange).sessionOf(tradingDate);
  if (!session)
    return warn(
      subject,
      'no session in the calendar',
      'a session',
      `Add the session to calendars/${exchange}.json: without it the date is never rolled over.`,
    );
  const ageMs = Math.max(0, nowMs - Number(session.close / NS_PER_MS));
  const hint = `Run \`tb rollover --exchange ${exchange}\`.`;
  if (ageMs > limits.rolloverMs) return warn(subject, ageMs, limits.rolloverMs, hint);
  return ok(subject, ageMs, limits.rolloverMs);
}
