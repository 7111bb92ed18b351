import { isStoredTimeframe, STORED_TIMEFRAMES, type StoredTimeframe } from '@tb/schema';

/** The views of `tb sql` and what stands behind each. */
export interface ViewSpec {
  readonly name: string;
  readonly kind: 'ticks' | 'candles';
  readonly timeframe: StoredTimeframe | undefined;
}

const TICK_COLUMNS = ['ts', 'price', 'volume', 'bid', 'ask', 'seq'];
const CANDLE_COLUMNS = ['ts', 'open', 'high', 'low', 'close', 'volume'];
const TYPES: Readonly<Record<string, string>> = { ts: 'TIMESTAMP_NS', seq: 'BIGINT' };

export const VIEWS: ReadonlyMap<string, ViewSpec> = new Map<string, ViewSpec>([
  ['ticks', { name: 'ticks', kind: 'ticks', timeframe: undefined }],
  ...STORED_TIMEFRAMES.filter(isStoredTimeframe).map((timeframe): [string, ViewSpec] => [
    `candles_${timeframe}`,
    { name: `candles_${timeframe}`, kind: 'candles', timeframe },
  ]),
]);

/**
 * CREATE VIEW with the columns `exchange, symbol, ts, ...` over relations that have a sid in place of them. Without a
 * relation the view has its columns and no rows.
 */
export function viewSql(view: ViewSpec, relations: readonly string[]): string {
  const columns = view.kind === 'ticks' ? TICK_COLUMNS : CANDLE_COLUMNS;
  const list = columns.join(', ');
  const empty = `SELECT NULL::INTEGER AS sid, ${columns
    .map((name) => `NULL::${TYPES[name] ?? 'DOUBLE'} AS ${name}`)
    .join(', ')} WHERE false`;
  const parts = relations.map((relation) => `SELECT sid, ${list} FROM ${relation}`);
  return `CREATE VIEW memory.main.${view.name} AS
SELECT s.exchange, s.symbol, ${columns.map((name) => `d.${name}`).join(', ')}
FROM (${parts.length > 0 ? parts.join('\nUNION ALL ') : empty}) AS d
JOIN memory.main.symbols_of_sids AS s USING (sid)`;
}
