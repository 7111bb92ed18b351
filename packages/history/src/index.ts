export { type BuildSpec, buildDayFile, duckdbVersion } from './build.ts';
export { buildDay, type DayResult, type DaySource, type DaySpec } from './build-day.ts';
export {
  type Correction,
  type CorrectionReason,
  verifyCorrectionChain,
} from './correction.ts';
export {
  type BuiltFile,
  dayFileLabel,
  type FileEntry,
  type FileIdentity,
  type MonthEntry,
  type Tier,
} from './day-file.ts';
export {
  candleStartSql,
  type DeriveRequest,
  deriveCandlesSql,
  rederiveCandlesSql,
} from './derive.ts';
export { type BuildInstance, type DuckConnection, openBuildInstance } from './duck.ts';
export { HistoryError, type HistoryErrorCode, historyErrors, isHistoryError } from './errors.ts';
export type { FileQuery } from './file-index.ts';
export type {
  Explanation,
  Finding,
  Gate,
  GateContext,
  GateSubject,
  Severity,
} from './gates/gate.ts';
export { GATES, type GateResult, gatesPassed, runGates } from './gates/run-gates.ts';
export { Manifest, type VerifiedRow } from './manifest.ts';
export { type FilePlan, ManifestSnapshot, type PlannedMonth } from './manifest-snapshot.ts';
export {
  initialiseMarketData,
  ManifestWriter,
  type ManifestWriterOptions,
} from './manifest-writer.ts';
export { datesOfMonth, inputsDigest } from './month-digest.ts';
export { discardFiles, type PlaceStep, placeFiles } from './place.ts';
export { type Profile, profileOf, type SymbolProfile } from './profile.ts';
export type { Published, PublishOptions } from './publish.ts';
export { canonicalRelation } from './rows.ts';
export { SymbolRegistry, type SymbolRegistryOptions } from './symbol-registry.ts';
export type { SymbolTable } from './symbol-table.ts';
export { loadSymbols } from './symbols-table.ts';
export { discardTemps } from './unlisted.ts';
export type { BuildStep, CoverageRange } from './write-file.ts';
