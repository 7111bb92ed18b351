import { isSymbol } from '@tb/schema';
import type { Slice } from './admit.ts';
import type { SymbolRegistry } from './symbol-registry.ts';
import type { SymbolState } from './symbol-state.ts';
import { addSymbol, type WriterState } from './writer-state.ts';

/** Symbols of a slice that this exchange has not seen; text that is no symbol is left for the row check. */
export function unknownSymbols(state: WriterState, slice: Slice): Set<string> {
  const unknown = new Set<string>();
  const { symbol } = slice.entry.batch;
  const note = (text: string): void => {
    if (!state.symbols.has(text) && isSymbol(text)) unknown.add(text);
  };
  if (typeof symbol === 'string') note(symbol);
  else for (let row = slice.from; row < slice.to; row++) note(symbol[row]!);
  return unknown;
}

/**
 * Gets sids for symbols and adds them to the writer's memory; they are not in live.db yet.
 * @throws what the registry throws; TypeError when it leaves a symbol out or gives away a sid twice.
 */
export async function addSymbols(
  state: WriterState,
  registry: SymbolRegistry,
  exchange: string,
  symbols: ReadonlySet<string>,
  tradingDate: string,
): Promise<SymbolState[]> {
  const sids = await registry.sidsOf(exchange, [...symbols], tradingDate);
  const added: { sid: number; symbol: string }[] = [];
  for (const symbol of symbols) {
    const sid = sids.get(symbol);
    if (sid === undefined || !Number.isInteger(sid) || sid < 0 || sid > 0x7fff_ffff)
      throw new TypeError(`The symbol registry gave ${String(sid)} as the sid of a symbol`);
    const other = state.bySid.get(sid)?.symbol ?? added.find((known) => known.sid === sid)?.symbol;
    if (other !== undefined && other !== symbol)
      throw new TypeError(`The symbol registry gave sid ${sid} to two symbols`);
    added.push({ sid, symbol });
  }
  return added.map(({ sid, symbol }) => addSymbol(state, sid, symbol));
}
