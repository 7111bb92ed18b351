import type { ManifestSnapshot } from '@tb/history';
import type { LiveDayState } from '@tb/live';
import { frozenSeqOf } from './rollover-job.ts';

/**
 * Whether rows of the live buffer wait for a correction: late ones of a date that was rolled over, or a date whose ticks were
 * published from elsewhere.
 */
export function isWaiting(
  day: LiveDayState,
  exchange: string,
  snapshot: ManifestSnapshot,
): boolean {
  if (day.state === 'cleared') return day.lateRows > 0;
  if (day.rows === 0) return false;
  const ticks = snapshot
    .revisionsOf(exchange, day.tradingDate)
    .filter((file) => file.kind === 'ticks');
  const isOurs = (fingerprint: string): boolean =>
    day.frozenSeq !== undefined && frozenSeqOf(fingerprint) === day.frozenSeq;
  return ticks.length > 0 && !ticks.some((file) => isOurs(file.sourceFingerprint));
}
