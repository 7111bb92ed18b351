export { type Random, random } from '@tb/simulator';
