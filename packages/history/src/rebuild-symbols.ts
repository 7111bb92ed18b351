import { openSqlite } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { namesIn } from './day-folders.ts';
import { HistoryError } from './errors.ts';
import type { DescribedFile } from './inventory.ts';

/** sids and their texts, with the first trading date each was seen on. */
export type Symbols = Map<
  number,
  { readonly exchange: string; readonly symbol: string; date: string }
>;

/** What the files say. @throws `SID_CONFLICT` */
export function symbolsOfFiles(described: readonly DescribedFile[]): Symbols {
  const symbols: Symbols = new Map();
  for (const { record, symbols: own } of described)
    for (const [sid, symbol] of own)
      addSymbol(symbols, sid, record.exchange, symbol, record.tradingDate);
  return symbols;
}

/** Adds what another source says. @throws `SID_CONFLICT` */
export function addSymbol(
  symbols: Symbols,
  sid: number,
  exchange: string,
  symbol: string,
  date: string,
): void {
  const known = symbols.get(sid);
  if (!known) {
    symbols.set(sid, { exchange, symbol, date });
    return;
  }
  if (known.exchange !== exchange || known.symbol !== symbol)
    throw new HistoryError(
      'SID_CONFLICT',
      `sid ${sid} is ${known.exchange} ${known.symbol} on ${known.date}, and ${exchange} ${symbol} on ${date}`,
    );
  if (date < known.date) known.date = date;
}

/** One row of `symbols` of a manifest, or of a live buffer. */
export interface SymbolRow {
  readonly sid: number;
  readonly exchange: string;
  readonly symbol: string;
  readonly date: string;
}

/** A readable old manifest knows symbols that have no rows yet: their sids must not be given again. */
export function symbolsOfManifest(layout: Layout): readonly SymbolRow[] {
  const db = openSqlite(layout.manifest, { readonly: true });
  try {
    const sql = 'SELECT sid, exchange, symbol, first_date AS date FROM symbols';
    return db.prepare(sql).all() as SymbolRow[];
  } finally {
    db.close();
  }
}

/** So do live buffers: a symbol of today has no day file yet. */
export function symbolsOfLiveBuffers(layout: Layout): readonly SymbolRow[] {
  const date = new Date().toISOString().slice(0, 10);
  return namesIn(layout.liveBuffer)
    .filter((name) => /^[a-z][a-z0-9_]{0,15}$/.test(name))
    .filter((exchange) => namesIn(layout.liveDir(exchange)).includes('live.db'))
    .flatMap((exchange) => {
      const db = openSqlite(layout.liveDb(exchange), { readonly: true });
      try {
        const rows = db.prepare('SELECT sid, symbol FROM symbols').all() as SymbolRow[];
        return rows.map(({ sid, symbol }) => ({ sid, exchange, symbol, date }));
      } finally {
        db.close();
      }
    });
}
