/** Between a runner and the child that builds its run file. Sent with structured clone: bigint passes as it is. */

export type RunTable =
  | 'metadata'
  | 'parameters'
  | 'orders'
  | 'trades'
  | 'positions'
  | 'equity'
  | 'metrics'
  | 'fingerprint';

export type Cell = string | number | bigint | null;
/** Cells in the order of the columns in sql/run/0001_init.sql; times and BIGINT as bigint. */
export type Row = readonly Cell[];

export type ToChild =
  | { readonly kind: 'rows'; readonly table: RunTable; readonly rows: readonly Row[] }
  | { readonly kind: 'finish' };

export type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finished'; readonly sha256: string; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly message: string; readonly errno: string | undefined };
