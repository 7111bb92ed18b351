export { Disposal } from './disposal.ts';
