import { inspectLock } from '@tb/locks';
import { allOf, type OpenDatabase } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

const NS_PER_MS = 1_000_000n;

/**
 * Whether a live buffer that should move does: the heartbeat of a writer that holds the lock, and the newest tick while
 * the session of a date in the buffer is open. Observed: ages in ms. A buffer that nobody writes and whose session is
 * over is at rest, and no finding.
 */
export const freshness: Check = {
  name: 'freshness',
  run: async (context) => {
    const findings: Observation[] = [];
    for (const database of context.databases.live)
      findings.push(...(await ofWriter(context, database)), ...ofTicks(context, database));
    return findings;
  },
};

async function ofWriter(
  { layout, limits, nowMs }: HealthContext,
  database: OpenDatabase,
): Promise<readonly Observation[]> {
  const { osLock } = await inspectLock(layout.liveDir(database.exchange ?? ''));
  if (osLock !== 'held') return [];
  const [row] = allOf<{ at: bigint }>(database, 'SELECT heartbeat_ns AS at FROM counters');
  const ageMs = Math.max(0, nowMs - Number((row?.at ?? 0n) / NS_PER_MS));
  const subject = `${database.name} heartbeat`;
  return [
    ageMs > limits.heartbeatMs
      ? warn(
          subject,
          ageMs,
          limits.heartbeatMs,
          'The ingestor holds the lock and does not move: see `tb locks`.',
        )
      : ok(subject, ageMs, limits.heartbeatMs),
  ];
}

function ofTicks(
  { limits, calendars, nowMs }: HealthContext,
  database: OpenDatabase,
): readonly Observation[] {
  const now = BigInt(nowMs) * NS_PER_MS;
  const calendar = calendars.of(database.exchange ?? '');
  const [newest] = allOf<{ ts: bigint | null }>(
    database,
    `SELECT max(max_ts) AS ts FROM (SELECT max_ts FROM tail UNION ALL SELECT max_ts FROM segments
      UNION ALL SELECT max(ts) FROM candles)`,
  );
  return allOf<{ trading_date: string }>(
    database,
    "SELECT trading_date FROM days WHERE state = 'open'",
  )
    .map(({ trading_date }) => ({ date: trading_date, session: calendar.sessionOf(trading_date) }))
    .filter(({ session }) => session && session.open <= now && now < session.close)
    .map(({ date }) => {
      const ageMs = Math.max(0, nowMs - Number((newest?.ts ?? 0n) / NS_PER_MS));
      const subject = `${database.name} ${date}`;
      return ageMs > limits.tickMs
        ? warn(subject, ageMs, limits.tickMs, 'Look at the feed and at the ingestor.')
        : ok(subject, ageMs, limits.tickMs);
    });
}
