/** Gives each symbol its number for ever. Implemented by `@tb/history` over manifest.db. */
export interface SymbolRegistry {
  /**
   * @param tradingDate First date on which the symbols are seen.
   * @returns A sid for each of the symbols; the numbers are unique over all exchanges.
   */
  sidsOf(
    exchange: string,
    symbols: readonly string[],
    tradingDate: string,
  ): Promise<ReadonlyMap<string, number>>;
}
