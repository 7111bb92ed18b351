import { Manifest, SymbolRegistry } from '@tb/history';
import type { Layout } from '@tb/schema';

/** Numbers of a dry run begin here: far above any that is given out. */
const DRY_RUN_SIDS = 1_500_000_000;
const LOCK_WAIT_MS = 30_000;

/** sids of the symbols of an import; new ones are registered as they come, or, in a dry run, only imagined. */
export class SidSource implements Disposable {
  readonly #exchange: string;
  readonly #registry: SymbolRegistry | undefined;
  readonly #sids = new Map<string, number>();
  #nextDry = DRY_RUN_SIDS;

  private constructor(exchange: string, registry: SymbolRegistry | undefined) {
    this.#exchange = exchange;
    this.#registry = registry;
  }

  static open(layout: Layout, exchange: string, dryRun: boolean): SidSource {
    if (!dryRun)
      return new SidSource(
        exchange,
        SymbolRegistry.open({ layout, purpose: 'import', waitMs: LOCK_WAIT_MS }),
      );
    const source = new SidSource(exchange, undefined);
    using manifest = Manifest.openReader(layout);
    for (const [sid, symbol] of manifest.snapshot().symbols(exchange).entries())
      source.#sids.set(symbol, sid);
    return source;
  }

  /** sid to text, of all symbols so far. */
  get names(): ReadonlyMap<number, string> {
    return new Map([...this.#sids].map(([symbol, sid]) => [sid, symbol]));
  }

  /** Makes sure that each symbol has a sid. */
  async add(symbols: readonly string[], tradingDate: string): Promise<void> {
    const unknown = [...new Set(symbols.filter((symbol) => !this.#sids.has(symbol)))];
    if (unknown.length === 0) return;
    if (this.#registry) {
      const found = await this.#registry.sidsOf(this.#exchange, unknown, tradingDate);
      for (const [symbol, sid] of found) this.#sids.set(symbol, sid);
      return;
    }
    for (const symbol of unknown) this.#sids.set(symbol, this.#nextDry++);
  }

  /** sid of a symbol that was added. */
  sidOf(symbol: string): number {
    const sid = this.#sids.get(symbol);
    if (sid === undefined) throw new RangeError(`Symbol ${JSON.stringify(symbol)} was not added`);
    return sid;
  }

  [Symbol.dispose](): void {
    this.#registry?.close();
  }
}
