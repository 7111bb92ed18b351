import { createHash } from 'node:crypto';
import { calendarOf, type Session } from '@tb/calendar';
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { OpsError } from '../errors.ts';
import { type Feed, feedBatches } from './feed.ts';

/** Texts of rows, counted: equal ticks are real trades, so rows are compared as a bag. */
class Bag {
  readonly #counts = new Map<string, number>();
  rows = 0;

  add(symbol: string, ts: bigint, price: number, volume: number, bid: number, ask: number): void {
    const key = `${symbol}|${ts}|${price}|${volume}|${bid}|${ask}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.rows += 1;
  }

  /** sha256 over the sorted content: equal for equal bags, whatever the order. */
  digest(): string {
    const hash = createHash('sha256');
    for (const key of [...this.#counts.keys()].sort())
      hash.update(`${key}*${this.#counts.get(key)}\n`);
    return `${this.rows} rows, ${hash.digest('hex').slice(0, 16)}`;
  }
}

/** What was sent: the feed again. */
export async function expectedDigest(
  feed: Feed,
  exchange: string,
  tradingDate: string,
): Promise<string> {
  const bag = new Bag();
  const session = sessionOf(exchange, tradingDate);
  for await (const batch of feedBatches(feed, session)) {
    for (let i = 0; i < batch.ts.length; i += 1)
      bag.add(
        batch.symbol[i] ?? '',
        batch.ts[i] ?? 0n,
        batch.price[i] ?? 0,
        batch.volume[i] ?? 0,
        batch.bid?.[i] ?? Number.NaN,
        batch.ask?.[i] ?? Number.NaN,
      );
  }
  return bag.digest();
}

function sessionOf(exchange: string, tradingDate: string): Session {
  const session = calendarOf(exchange).sessionOf(tradingDate);
  if (!session)
    throw new OpsError('NO_SESSION', `Exchange ${exchange} has no session on ${tradingDate}`);
  return session;
}

/** What is there: history and live as one, read back through the query interface. */
export async function digestOf(
  root: string,
  exchange: string,
  tradingDate: string,
): Promise<string> {
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const session = sessionOf(exchange, tradingDate);
  const result = await new MarketDataQuery(manager.marketData, {
    calendarOf: (name) => manager.calendarOf(name),
  }).ticks({ exchange, from: session.windowFrom, to: session.windowTo });
  const bag = new Bag();
  for await (const chunk of result.chunks()) {
    for (let i = 0; i < chunk.rows; i += 1)
      bag.add(
        result.symbols[chunk.code[i] ?? 0] ?? '',
        chunk.ts[i] ?? 0n,
        chunk.price[i] ?? 0,
        chunk.volume[i] ?? 0,
        chunk.bid[i] ?? Number.NaN,
        chunk.ask[i] ?? Number.NaN,
      );
  }
  return bag.digest();
}
