import type { Candle } from '@tb/schema';
import { BacktestError } from './errors.ts';

/** Time as it stands in messages: ISO 8601 UTC, to the second. */
export function shownTime(ts: bigint): string {
  return new Date(Number(ts / 1_000_000n)).toISOString().replace('.000Z', 'Z');
}

/**
 * A candle that could have traded: finite prices, open and close within low and high, a volume from 0.
 * Negative prices are legal: spreads, power and oil have traded there.
 * @throws `CANDLES_INVALID`
 */
export function assertCandle(candle: Candle): void {
  const { open, high, low, close, volume } = candle;
  // Written so that a NaN anywhere fails.
  const sane =
    low <= open &&
    open <= high &&
    low <= close &&
    close <= high &&
    volume >= 0 &&
    Number.isFinite(low);
  if (!sane || !Number.isFinite(high))
    throw new BacktestError(
      'CANDLES_INVALID',
      `Candle ${candle.symbol} ${shownTime(candle.ts)} has open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}`,
    );
}
