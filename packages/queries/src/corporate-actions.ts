/** A split or dividend. `factor` multiplies the prices BEFORE `ex_date`; `symbol` is the text traded under on that date. */
export interface CorporateAction {
  readonly symbol: string;
  readonly ex_date: string;
  readonly kind: 'split' | 'dividend';
  readonly factor: number;
  /** ns UTC. */
  readonly known_at: bigint;
}

/** From the trading date `from_date` on, `old_symbol` trades as `new_symbol`; when they are equal, it never did: withdrawn. */
export interface SymbolChange {
  readonly old_symbol: string;
  readonly new_symbol: string;
  readonly from_date: string;
  /** ns UTC. */
  readonly known_at: bigint;
}

export interface CorporateHistory {
  readonly actions: readonly CorporateAction[];
  readonly renames: readonly SymbolChange[];
}

/**
 * Where actions and renames come from, usually `ConfigQuery.corporateHistory`: those known at `asOf` of the symbols, and
 * the renames that have one of the symbols on either side.
 */
export type CorporateActions = (
  exchange: string,
  symbols: readonly string[],
  asOf: bigint,
) => Promise<CorporateHistory>;

/** One name of an instrument, for trading dates `[from, to)`; open ends are undefined. */
export interface NamedPeriod {
  readonly symbol: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Asks again until every name that the symbols ever had is known; renames and actions known after `asOf` are left out. */
export async function fetchHistory(
  source: CorporateActions,
  exchange: string,
  symbols: readonly string[],
  asOf: bigint,
): Promise<CorporateHistory> {
  const asked = new Set<string>();
  const actions: CorporateAction[] = [];
  const renames = new Map<string, SymbolChange>();
  let next = [...new Set(symbols)];
  while (next.length > 0) {
    for (const symbol of next) asked.add(symbol);
    const found = await source(exchange, next, asOf);
    actions.push(...found.actions.filter((action) => action.known_at <= asOf));
    for (const rename of found.renames) {
      const key = JSON.stringify([rename.old_symbol, rename.from_date]);
      const known = renames.get(key);
      if (rename.known_at <= asOf && !(known && known.known_at > rename.known_at))
        renames.set(key, rename);
    }
    const names = [...renames.values()].flatMap((r) => [r.old_symbol, r.new_symbol]);
    next = [...new Set(names)].filter((name) => !asked.has(name));
  }
  const sorted = [...renames.values()]
    .filter((rename) => rename.old_symbol !== rename.new_symbol) // withdrawn
    .sort((a, b) => compareText(a.from_date, b.from_date));
  return { actions: newest(actions), renames: sorted };
}

/**
 * The names, oldest first, of the instrument that holds `symbol` on `date`, or that held it last before then.
 * @param renames By `from_date`, ascending.
 */
export function namesOf(
  symbol: string,
  date: string,
  renames: readonly SymbolChange[],
): NamedPeriod[] {
  const left = renames.findLast((r) => r.old_symbol === symbol && r.from_date <= date);
  const taken = renames.findLast((r) => r.new_symbol === symbol && r.from_date <= date);
  // Given away and not taken again by a rename: the instrument meant is the one that held it until then.
  const gone = left !== undefined && (taken === undefined || taken.from_date < left.from_date);
  const limit = gone ? left.from_date : undefined;
  const earlier = namesBefore(symbol, date, limit, renames);
  const from = earlier.at(-1)?.to;
  const out = renames.find(
    (r) => r.old_symbol === symbol && (limit ? r.from_date === limit : r.from_date > date),
  );
  return [...earlier, { symbol, from, to: out?.from_date }, ...namesAfter(out, renames)];
}

function namesBefore(
  symbol: string,
  date: string,
  limit: string | undefined,
  renames: readonly SymbolChange[],
): NamedPeriod[] {
  const chain: SymbolChange[] = [];
  let [name, isBefore] = [
    symbol,
    (r: SymbolChange) => (limit ? r.from_date < limit : r.from_date <= date),
  ];
  for (;;) {
    const into = renames.findLast((r) => r.new_symbol === name && isBefore(r));
    if (!into) break;
    chain.unshift(into);
    name = into.old_symbol;
    isBefore = (r) => r.from_date < into.from_date;
  }
  return chain.map((rename, index) => ({
    symbol: rename.old_symbol,
    from: chain[index - 1]?.from_date,
    to: rename.from_date,
  }));
}

function namesAfter(
  out: SymbolChange | undefined,
  renames: readonly SymbolChange[],
): NamedPeriod[] {
  const periods: NamedPeriod[] = [];
  for (let rename = out; rename; ) {
    const { new_symbol: symbol, from_date: from } = rename;
    rename = renames.find((r) => r.old_symbol === symbol && r.from_date > from);
    periods.push({ symbol, from, to: rename?.from_date });
  }
  return periods;
}

/** Of several records of one action, the one known last: a factor that was corrected. */
function newest(actions: readonly CorporateAction[]): CorporateAction[] {
  const byKey = new Map<string, CorporateAction>();
  for (const action of actions) {
    const key = JSON.stringify([action.symbol, action.ex_date, action.kind]);
    const known = byKey.get(key);
    if (!known || known.known_at < action.known_at) byKey.set(key, action);
  }
  return [...byKey.values()].sort((a, b) => compareText(a.ex_date, b.ex_date));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
