export {
  analyse,
  type Interval,
  type IntervalAnalysis,
  type LogLine,
  readLog,
} from './interval-log.ts';
export { type RaceOptions, type RaceResult, runRaces } from './run-races.ts';
export { runSoak, type SoakOptions, type SoakResult } from './run-soak.ts';
