export type { IntervalAnalysis } from './interval-log.ts';
export { type RaceOptions, type RaceResult, runRaces } from './run-races.ts';
export { runSoak, type SoakOptions, type SoakResult } from './run-soak.ts';
