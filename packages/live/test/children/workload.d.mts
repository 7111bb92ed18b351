import type { SessionCalendar } from '@tb/calendar';
import type { SymbolRegistry } from '@tb/live';

export declare const EXCHANGE: string;
export declare const DATE: string;
export declare const NEXT: string;
export declare const calendar: SessionCalendar;
export declare const registry: SymbolRegistry;
export declare function batchAt(
  seed: number,
  k: number,
  date?: string,
): {
  readonly symbol: string[];
  readonly ts: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly source: string;
  readonly sourceSeq: BigInt64Array;
};
