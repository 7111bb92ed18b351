export { Ledger, type LedgerVerdict } from './ledger.ts';
export { Multiset } from './multiset.ts';
export { type Random, random } from './random.ts';
export { seedOf } from './seed.ts';
export { type TempRoot, tempRoot } from './temp-root.ts';
export { type GeneratedBatch, generateTicks, type TickOptions } from './tick-generator.ts';
export { bitsOf, type TickKeyColumns, tickKey, tickKeys } from './tick-key.ts';
