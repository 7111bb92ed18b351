export {
  archiveFile,
  type BuiltArchive,
  filesToArchive,
  publishArchive,
  type RetentionRule,
} from './archive.ts';
export { type BuildSpec, buildDayFile, duckdbVersion } from './build.ts';
export { buildDay, type DayResult, type DaySource, type DaySpec } from './build-day.ts';
export { checkManifest, type ManifestFinding } from './check.ts';
export {
  type Correction,
  type CorrectionReason,
  verifyCorrectionChain,
} from './correction.ts';
export { countChanges, type RowChanges } from './correction-rows.ts';
export {
  type BuiltFile,
  dayFileLabel,
  type FileEntry,
  type FileIdentity,
  type MonthEntry,
  type Tier,
} from './day-file.ts';
export {
  type DeriveRequest,
  deriveCandlesSql,
  rederiveCandlesSql,
} from './derive.ts';
export { type BuildInstance, type DuckConnection, openBuildInstance } from './duck.ts';
export {
  HistoryError,
  type HistoryErrorCode,
  historyErrors,
  isFileUnusable,
  isHistoryError,
} from './errors.ts';
export type { FileQuery } from './file-index.ts';
export { GARBAGE_DELAY_NS, sweepGarbage } from './garbage.ts';
export type {
  Explanation,
  Finding,
  Gate,
  GateContext,
  GateSubject,
  Severity,
} from './gates/gate.ts';
export {
  GATES,
  type GateOptions,
  type GateResult,
  gatesPassed,
  runGates,
} from './gates/run-gates.ts';
export { loadDuckdb } from './load-duckdb.ts';
export { Manifest, type VerifiedRow } from './manifest.ts';
export {
  type FilePlan,
  ManifestSnapshot,
  meets,
  type PlannedMonth,
  type RowRange,
} from './manifest-snapshot.ts';
export {
  initialiseMarketData,
  ManifestWriter,
  type ManifestWriterOptions,
} from './manifest-writer.ts';
export {
  type BuiltMonth,
  buildMonth,
  type MonthSpec,
  publishMonth,
} from './month.ts';
export { inputsDigest } from './month-digest.ts';
export { datesOfPeriod } from './period.ts';
export { discardFiles, type PlaceableFile, type PlaceStep, placeFiles } from './place.ts';
export { type Profile, profileOf, type SymbolProfile } from './profile.ts';
export { type PruneRule, prunableRevisions, pruneRevisions } from './prune.ts';
export { type FileRecord, type Published, type PublishOptions, recordVerified } from './publish.ts';
export { type PublishFilesOptions, publishFiles } from './publish-files.ts';
export { type Quarantined, quarantineFile } from './quarantine.ts';
export { type RebuildResult, rebuildManifest } from './rebuild.ts';
export { archiveRelation, dayRelation, readCoverage, withAttached } from './relation.ts';
export { canonicalRelation } from './rows.ts';
export { type MonthsOf, staleMonths, staleWhole } from './stale-months.ts';
export { SymbolRegistry, type SymbolRegistryOptions } from './symbol-registry.ts';
export type { SymbolTable } from './symbol-table.ts';
export { discardTemps } from './unlisted.ts';
export {
  attachSql,
  FileVerifier,
  type FileVerifierOptions,
  type RecordedFile,
  verifyFile,
} from './verify.ts';
export type { BuildStep, CoverageRange } from './write-file.ts';
