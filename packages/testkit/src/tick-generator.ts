export { type GeneratedBatch, generateTicks, type TickOptions } from '@tb/simulator';
