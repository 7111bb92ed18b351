import { Manifest } from './manifest.ts';
import { ManifestWriter, type ManifestWriterOptions } from './manifest-writer.ts';
import { assertNames } from './sids.ts';

/** Options of a registry: those of the short-lived writer. */
export type SymbolRegistryOptions = Omit<ManifestWriterOptions, 'purpose' | 'now'> & {
  readonly purpose?: string | undefined;
};

/**
 * Gives sids, for writers of the live buffer and imports. Known symbols are read from the manifest without a lock; for
 * new ones the lock of market_data is taken for one transaction.
 */
export class SymbolRegistry implements Disposable {
  readonly #options: SymbolRegistryOptions;
  readonly #reader: Manifest;

  private constructor(options: SymbolRegistryOptions, reader: Manifest) {
    this.#options = options;
    this.#reader = reader;
  }

  /** @throws as `Manifest.openReader`. */
  static open(options: SymbolRegistryOptions): SymbolRegistry {
    return new SymbolRegistry(options, Manifest.openReader(options.layout));
  }

  /**
   * sids of symbols of one exchange; a symbol that the exchange never had gets the next one, for ever.
   * @param tradingDate Recorded as the first date of a new symbol.
   * @throws `BAD_NAME`; the codes of `WriterLock.acquire` when there are new symbols.
   */
  async sidsOf(
    exchange: string,
    symbols: readonly string[],
    tradingDate: string,
  ): Promise<ReadonlyMap<string, number>> {
    assertNames(exchange, symbols, tradingDate);
    const table = this.#reader.snapshot().symbols(exchange);
    const known = new Map<string, number>();
    for (const symbol of symbols) {
      const sid = table.sidOf(symbol);
      if (sid !== undefined) known.set(symbol, sid);
    }
    const isComplete = symbols.every((symbol) => known.has(symbol));
    if (isComplete) return known;
    await using writer = await ManifestWriter.open({
      purpose: 'symbols',
      ...defined(this.#options),
    });
    return await writer.sidsOf(exchange, symbols, tradingDate);
  }

  /** May be called twice. */
  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function defined<T extends { purpose?: string | undefined }>(
  options: T,
): Omit<T, 'purpose'> & { purpose?: string } {
  const { purpose, ...rest } = options;
  return purpose === undefined ? rest : { ...rest, purpose };
}
