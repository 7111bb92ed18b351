export {
  type GeneratedBatch,
  generateTicks,
  type Random,
  random,
  type TickOptions,
} from '@tb/simulator';
export { type BenchRow, verdictOf } from './bench-row.ts';
export {
  type CampaignOptions,
  type CampaignResult,
  runCampaign,
  type Violation,
} from './campaign.ts';
export { DiskModel, type NameModel } from './disk-model.ts';
export {
  CLOCK_MODES,
  FAULT_MODES,
  type FaultMode,
  type FaultPoint,
  formatReplay,
  parseReplay,
  type Replay,
} from './fault-mode.ts';
export { type FaultOptions, type FaultRun, runFaulted, type StorageCall } from './fault-run.ts';
export { Ledger, type LedgerVerdict } from './ledger.ts';
export { DISK_LIMITS, LIMITS, type Limit, MEMORY_LIMITS } from './limit.ts';
export {
  type LimitResult,
  limitsUnavailable,
  runLimits,
  smallDisk,
} from './limits.ts';
export { filesOf, litterOf } from './litter.ts';
export { Multiset } from './multiset.ts';
export { MUTATIONS, type Mutation, mutate } from './mutate.ts';
export {
  type MutationOptions,
  type MutationResult,
  type MutationTarget,
  runMutations,
} from './mutation-campaign.ts';
export { canActAsOther, OTHER_USER } from './other-user.ts';
export { type PowerCut, type PowerCutOptions, powerCuts } from './power-cut.ts';
export {
  type PowerCutCampaignOptions,
  type PowerCutResult,
  runPowerCuts,
} from './power-cut-campaign.ts';
export { formatTable } from './print-table.ts';
export { type Command, type Outcome, runCommand } from './process-group.ts';
export { type Entry, parseRecording } from './recording.ts';
export type { Evidence, Scenario } from './scenario.ts';
export { seedOf } from './seed.ts';
export { buildShim, shimUnavailable } from './shim.ts';
export { type TempRoot, tempRoot } from './temp-root.ts';
export { bitsOf, type TickKeyColumns, tickKey, tickKeys } from './tick-key.ts';
export { openStage, runTrial, type Stage, type Trial } from './trial.ts';
export { type Judge, judgeProcess, type Verdict } from './verdict.ts';
