import { calendarOf, type SessionCalendar } from '@tb/calendar';
import { LiveBuffer, type LiveBufferOptions, type SymbolRegistry } from '@tb/live';
import { layoutOf } from '@tb/schema';

export const EXCHANGE = 'binance';
export const DATE = '2026-02-02';
export const BATCH = 1_000;
const calendar: SessionCalendar = calendarOf(EXCHANGE);
/** ns UTC. */
export const OPEN: bigint = calendar.sessionOf(DATE)!.open;

const registry: SymbolRegistry = {
  sidsOf: async (_exchange, symbols) =>
    new Map(symbols.map((symbol) => [symbol, Number(symbol.slice(1)) + 1])),
};

/** A live buffer in an empty root, with sids made of the symbols. */
export function openBuffer(
  root: string,
  options: Pick<LiveBufferOptions, 'synchronous' | 'seal'>,
): Promise<LiveBuffer> {
  return LiveBuffer.open({
    layout: layoutOf(root),
    exchange: EXCHANGE,
    calendar,
    registry,
    ...options,
  });
}
