export const ROWS_A_DATE: number;
export const SYMBOLS: number;

export interface Ledger {
  readonly seed: number;
  readonly dates: readonly {
    readonly tradingDate: string;
    readonly open: bigint;
    readonly close: bigint;
  }[];
}

export interface LedgerTick {
  readonly seq: number;
  readonly symbol: string;
  readonly ts: bigint;
  readonly price: number;
  readonly volume: number;
}

export function tickAt(ledger: Ledger, seq: number): LedgerTick;
