import type { TransactionScope } from './transaction-scope.ts';

let loaded: typeof TransactionScope | undefined;

/** `TransactionScope`, and with it the 300 files of Kysely: a process that reads market data alone is spared them. */
export async function loadTransactionScope(): Promise<typeof TransactionScope> {
  loaded ??= (await import('./transaction-scope.ts')).TransactionScope;
  return loaded;
}
