export { type Random, random } from './random.ts';
export { type GeneratedBatch, generateTicks, type TickOptions } from './tick-generator.ts';
