/** sid to text and back, of one exchange. sids are global: no two exchanges share one. */
export interface SymbolTable {
  readonly size: number;
  /** undefined when the exchange never had the symbol. */
  sidOf(symbol: string): number | undefined;
  symbolOf(sid: number): string | undefined;
  /** By ascending sid. */
  entries(): ReadonlyMap<number, string>;
}

/** The table of an exchange; grows, never changes what it has. */
export class GrowingSymbolTable implements SymbolTable {
  readonly #bySid = new Map<number, string>();
  readonly #bySymbol = new Map<string, number>();

  get size(): number {
    return this.#bySid.size;
  }

  add(sid: number, symbol: string): void {
    this.#bySid.set(sid, symbol);
    this.#bySymbol.set(symbol, sid);
  }

  sidOf(symbol: string): number | undefined {
    return this.#bySymbol.get(symbol);
  }

  symbolOf(sid: number): string | undefined {
    return this.#bySid.get(sid);
  }

  entries(): ReadonlyMap<number, string> {
    return this.#bySid;
  }
}
