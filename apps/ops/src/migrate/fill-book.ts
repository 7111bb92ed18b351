import { add, formatDecimal, negate, parseDecimal, recordFill } from '@tb/manager';
import type { TradingDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import type { AnyTables } from './any-tables.ts';
import type { TargetRow } from './map/target-row.ts';

/** The fills of a migration: recorded in the order of time, so that positions come out as they were. */
export class FillBook {
  readonly #tx: AnyTables;
  #waiting: TargetRow[] = [];
  /** Net quantity of new fills, by position key. */
  readonly #net = new Map<string, string>();

  constructor(tx: AnyTables) {
    this.#tx = tx;
  }

  /** @param isNew false for a fill that the store has already. */
  async note(row: TargetRow, isNew: boolean): Promise<void> {
    if (!isNew) return;
    this.#waiting.push(row);
    const key = positionKey(row);
    const quantity = parseDecimal(row.values['quantity'], 'A quantity');
    const signed = row.values['side'] === 'buy' ? quantity : negate(quantity);
    const before = parseDecimal(this.#net.get(key) ?? '0', 'A quantity');
    this.#net.set(key, formatDecimal(add(before, signed)));
  }

  /** Records what waits; the manager moves orders and positions along. */
  async record(): Promise<void> {
    const fills = this.#waiting.sort((a, b) =>
      compare(a.values['ts'] as bigint, b.values['ts'] as bigint),
    );
    this.#waiting = [];
    const tx = this.#tx as unknown as Kysely<TradingDatabase>;
    for (const { values } of fills) {
      const [exchange, tradeId] = [String(values['exchange']), String(values['trade_id'])];
      await recordFill(tx, {
        exchange,
        tradeId,
        symbol: String(values['symbol']),
        side: values['side'] as 'buy' | 'sell',
        quantity: String(values['quantity']),
        price: String(values['price']),
        fee: String(values['fee']),
        strategyId: (values['strategy_id'] as string | null) ?? undefined,
        signalId: (values['signal_id'] as string | null) ?? undefined,
        ts: values['ts'] as bigint,
        recordedAt: values['recorded_at'] as bigint,
      });
      if (values['attributes'] === null) continue;
      // As text: parsing it would lose digits of long numbers.
      await tx
        .updateTable('trades')
        .set({ attributes: values['attributes'] as string })
        .where('exchange', '=', exchange)
        .where('trade_id', '=', tradeId)
        .execute();
    }
  }

  /** What the store and the new fills give for the position of a row; undefined when neither knows it. */
  async quantityOf(row: TargetRow): Promise<string | undefined> {
    const stored = await this.#tx
      .selectFrom('positions')
      .select('quantity')
      .where('exchange', '=', row.values['exchange'] ?? null)
      .where('symbol', '=', row.values['symbol'] ?? null)
      .where('strategy_id', '=', row.values['strategy_id'] ?? null)
      .executeTakeFirst();
    const isRecorded = this.#waiting.length === 0;
    const waiting = this.#net.get(positionKey(row));
    if (isRecorded) return stored === undefined ? undefined : String(stored.quantity);
    if (stored === undefined) return waiting;
    const sum = add(
      parseDecimal(String(stored.quantity), 'A quantity'),
      parseDecimal(waiting ?? '0', 'A quantity'),
    );
    return formatDecimal(sum);
  }
}

function positionKey(row: TargetRow): string {
  const { exchange, symbol, strategy_id: strategy } = row.values;
  return JSON.stringify([exchange, symbol, strategy ?? '']);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
