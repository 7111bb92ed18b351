import type { SessionCalendar } from '@tb/calendar';
import type { MarketDataSnapshot } from '@tb/schema';
import { QueryError } from './errors.ts';
import { maxOf, NS_PER_MS } from './range.ts';
import type { Scope } from './scope.ts';

/**
 * Refuses live data that are too old, while a session runs that the range reaches into. Outside sessions, for past
 * ranges and for `asOf` nothing is expected to be fresh. The last tick is aged from the open on at most: a session that
 * just began has had no time for one.
 *
 * @throws `STALE` with both ages.
 */
export function assertFresh(
  scope: Scope,
  calendar: SessionCalendar,
  snapshot: MarketDataSnapshot,
): void {
  if (!scope.requireFresh || scope.asOf !== undefined) return;
  const date = calendar.tradingDateOf(scope.now);
  const session = date === undefined ? undefined : calendar.sessionOf(date);
  if (!session || scope.now < session.open || scope.now >= session.close) return;
  if (scope.span.to <= session.open) return;
  if (session.breaks.some((pause) => scope.now >= pause.from && scope.now < pause.to)) return;
  const { maxAgeMs } = scope.requireFresh;
  const { live } = snapshot;
  if (!live)
    throw new QueryError('STALE', `Exchange ${scope.exchange} has no live buffer, in its session`);
  const lastTick = maxOf(live.lastTickTs ?? session.open, session.open);
  const heartbeatAgeMs = ageMs(scope.now, live.heartbeat);
  const tickAgeMs = ageMs(scope.now, lastTick);
  if (heartbeatAgeMs > maxAgeMs || tickAgeMs > maxAgeMs)
    throw new QueryError(
      'STALE',
      `Live data of ${scope.exchange}: heartbeat ${heartbeatAgeMs} ms old, last tick ${tickAgeMs} ms, at most ${maxAgeMs} ms asked for`,
    );
}

function ageMs(now: bigint, ts: bigint): number {
  return Number((now - ts) / NS_PER_MS);
}
