import { alwaysOpen } from './always-open.ts';
import type { ExchangeRules } from './exchange-rules.ts';
import { mcx } from './mcx.ts';
import { nse } from './nse.ts';
import { usExchange } from './us-exchanges.ts';

/** MICs of the US stock exchanges, lower case. They keep one calendar. */
const US = 'xnas xnys arcx bats baty edga edgx iexg memx eprl ltse xase xbos xchi xcis xphl';
const CRYPTO =
  '24x7 binance bitfinex bitget bitmex bitstamp bybit coinbase coindcx cryptocom deribit gateio gemini htx hyperliquid kraken kucoin mexc okx upbit';

const builtIn = new Map<string, ExchangeRules>([
  ['nse', nse],
  ['bse', nse],
  ['mcx', mcx],
  ...US.split(' ').map((name): [string, ExchangeRules] => [name, usExchange]),
  ...CRYPTO.split(' ').map((name): [string, ExchangeRules] => [name, alwaysOpen]),
]);

/** Names that `calendarOf` knows without a file, sorted. */
export const BUILT_IN_EXCHANGES: readonly string[] = [...builtIn.keys()].sort();

export function builtInRules(exchange: string): ExchangeRules | undefined {
  return builtIn.get(exchange);
}
