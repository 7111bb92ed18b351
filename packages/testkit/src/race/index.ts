export { type RaceResult, runRaces } from './run-races.ts';
export { runSoak, type SoakResult } from './run-soak.ts';
