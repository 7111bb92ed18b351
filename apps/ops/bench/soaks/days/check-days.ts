import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { parseTimeframe, STORED_TIMEFRAMES, timeframeNs } from '@tb/schema';
import { Multiset } from '@tb/testkit';
import { type DayLedger, type LedgerCandle, tickKey } from './day-ledger.ts';

/** A reader of the soak: one process-wide manager that stays open over all days, so that it sees every change of origin. */
export class DayReader implements AsyncDisposable {
  readonly #manager: DatabaseManager<'reader'>;
  readonly #query: MarketDataQuery;
  answers = 0;
  rows = 0;

  private constructor(manager: DatabaseManager<'reader'>) {
    this.#manager = manager;
    this.#query = new MarketDataQuery(manager.marketData, {
      calendarOf: (exchange) => manager.calendarOf(exchange),
    });
  }

  static async open(root: string): Promise<DayReader> {
    return new DayReader(await DatabaseManager.open({ root, role: 'reader' }));
  }

  /** @throws unless the ticks of the date are exactly those of the ledger. */
  async checkTicks(ledger: DayLedger, asOf?: bigint): Promise<void> {
    const { exchange, tradingDate } = ledger.session;
    const request = { exchange, ...windowOf(ledger), onGap: 'report', asOf } as const;
    await using result = await this.#query.ticks(request);
    const keys: string[] = [];
    for await (const row of result.rows()) keys.push(tickKey(row));
    this.#count(keys.length);
    if (Multiset.of(keys).digest() !== ledger.bag())
      throw new Error(
        `${exchange} ${tradingDate}: ${keys.length} ticks are not the ${ledger.ticks.length} of the ledger`,
      );
  }

  /** @throws unless the candles of every stored timeframe are exactly those of the ledger. */
  async checkCandles(ledger: DayLedger): Promise<void> {
    for (const timeframe of STORED_TIMEFRAMES) {
      const { exchange, tradingDate } = ledger.session;
      const request = { exchange, timeframe, ...windowOf(ledger), onGap: 'report' } as const;
      await using result = await this.#query.candles(request);
      const wanted = ledger.candles(timeframeNs(parseTimeframe(timeframe)));
      let rows = 0;
      for await (const row of result.rows()) {
        rows += 1;
        const key = `${row.symbol} ${row.ts}`;
        if (!isSame(wanted.get(key), row))
          throw new Error(
            `${exchange} ${tradingDate} ${timeframe}: candle ${key} is not the ledger's`,
          );
        wanted.delete(key);
      }
      this.#count(rows);
      if (wanted.size > 0)
        throw new Error(
          `${exchange} ${tradingDate} ${timeframe}: ${wanted.size} candles are missing`,
        );
    }
  }

  #count(rows: number): void {
    this.answers += 1;
    this.rows += rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager.close();
  }
}

function windowOf({ session }: DayLedger): { from: bigint; to: bigint } {
  return { from: session.windowFrom, to: session.windowTo };
}

function isSame(wanted: LedgerCandle | undefined, row: LedgerCandle): boolean {
  const names = ['open', 'high', 'low', 'close', 'volume'] as const;
  return wanted !== undefined && names.every((name) => wanted[name] === row[name]);
}
