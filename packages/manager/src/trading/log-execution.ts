import type { TradingDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import { type Attributes, attributesText } from './attributes.ts';
import { clockNs } from './clock.ts';

/** One line of the execution log. */
export interface ExecutionEvent {
  /** A word of the caller's choice: `submitted`, `risk_refused`, `reconnected`. */
  readonly event: string;
  readonly clientOrderId?: string | undefined;
  readonly detail?: Attributes | undefined;
  /** ns UTC; the clock by default. */
  readonly at?: bigint | undefined;
}

/** Adds a line to the execution log, in the transaction of what it tells about. */
export async function logExecution(
  tx: Kysely<TradingDatabase>,
  entry: ExecutionEvent,
): Promise<void> {
  await tx
    .insertInto('execution_log')
    .values({
      ts: entry.at ?? clockNs(),
      client_order_id: entry.clientOrderId ?? null,
      event: entry.event,
      detail: attributesText(entry.detail),
    })
    .execute();
}
