import { tickKey } from '../tick-key.ts';
import type { DuckOracle } from './duck.ts';

/**
 * Every tick of a day file, an archived one or a segment, as `seq|tickKey`.
 *
 * @param symbols Of a segment, which has none of its own: sid as text to symbol.
 */
export async function ticksOfFile(
  duck: DuckOracle,
  path: string,
  symbols?: ReadonlyMap<string, string>,
): Promise<string[]> {
  const own = symbols === undefined;
  const rows = await duck.rows(
    path,
    `SELECT d.seq, ${own ? 's.symbol' : 'd.sid'}, epoch_ns(d.ts), d.price, d.volume, d.bid, d.ask
     FROM data d ${own ? 'LEFT JOIN symbols s USING (sid)' : ''}`,
  );
  return rows.map(([seq, name, ts, price, volume, bid, ask]) => {
    const symbol = own ? String(name) : (symbols.get(String(name)) ?? `sid ${name}`);
    const values = [price, volume, bid, ask] as [number, number, number | null, number | null];
    return `${seq}|${tickKey(symbol, BigInt(ts as string), ...values)}`;
  });
}
