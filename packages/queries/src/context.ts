import type { SessionCalendar } from '@tb/calendar';
import type { MarketDataReader } from '@tb/schema';
import type { CorporateActions } from './corporate-actions.ts';

/** What the query functions work with. */
export interface QueryContext {
  readonly reader: MarketDataReader;
  readonly calendarOf: (exchange: string) => SessionCalendar;
  readonly actions: CorporateActions | undefined;
  /** ns UTC. */
  readonly now: () => bigint;
}
