import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CampaignResult } from './campaign.ts';
import type { DeathResult } from './death-campaign.ts';
import { FAULT_MODES } from './fault-mode.ts';
import type { FamilyResult } from './file-campaign.ts';
import type { LimitResult } from './limits.ts';
import type { MutationResult } from './mutation-campaign.ts';
import type { PowerCutResult } from './power-cut-campaign.ts';

/** What one run of `pnpm faults` found for one scenario. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly commands: readonly string[];
  readonly faults: CampaignResult;
  readonly deaths: DeathResult | undefined;
  readonly powerCuts: PowerCutResult | undefined;
  readonly mutations: MutationResult | undefined;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly commit: string;
  readonly node: string;
}

/** What one run of `pnpm faults files` found. */
export interface FilesResult {
  readonly families: readonly FamilyResult[];
  readonly seed: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly commit: string;
  readonly node: string;
}

/** What one run of `pnpm faults limits` found for one scenario. */
export interface SavedLimits extends LimitResult {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly commit: string;
  readonly node: string;
}

const folder = fileURLToPath(new URL('../.cache/results/', import.meta.url));

/** Short id of the commit, with `+` when files differ from it. */
export function currentCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname ?? '.' }).trim();
  const dirty = git('status', '--porcelain', '--untracked-files=no') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${dirty ? '+' : ''}`;
}

const FILES = 'damaged-files.';
const stampOf = ({ startedAt }: { readonly startedAt: string }): string =>
  startedAt.replace(/[:.]/g, '-');

/** Keeps a result of the damaged files beside the earlier ones. */
export function saveFiles(result: FilesResult): void {
  save(`${FILES}${stampOf(result)}.json`, result);
}

/** Every result of the damaged files, oldest first. */
export function savedFiles(): FilesResult[] {
  return load<FilesResult>((name) => name.startsWith(FILES));
}

const LIMITS = 'limits.';

/** Keeps what the limits did to a scenario. */
export function saveLimits(result: SavedLimits): void {
  save(`${LIMITS}${result.scenario}.${stampOf(result)}.json`, result);
}

/** The latest run of each scenario under the limits: each tries them all, so that a later one replaces an earlier one. */
export function savedLimits(): SavedLimits[] {
  const all = load<SavedLimits>((name) => name.startsWith(LIMITS));
  return [...new Map(all.map((result) => [result.scenario, result])).values()];
}

/** Whole or not at all: a campaign saves the same file again and again, and may be killed. */
function save(name: string, result: unknown): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(`${path}.tmp`, JSON.stringify(result, null, 1));
  renameSync(`${path}.tmp`, path);
}

function load<T>(isWanted: (name: string) => boolean): T[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && isWanted(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T);
}

/** Keeps a result for `crash-points`, beside those of earlier runs. */
export function saveResult(result: ScenarioResult): void {
  save(`${result.scenario}.${stampOf(result)}.json`, result);
}

/** As older versions wrote it: without what was tried call by call, but whether that was all of every mode. */
type SavedResult = Omit<ScenarioResult, 'faults'> & {
  readonly faults: Omit<CampaignResult, 'tried' | 'deep'> & Partial<CampaignResult>;
  readonly exhaustive?: boolean;
};

/** A result of this version, from one of any version. */
export function readResult({ exhaustive, faults, ...rest }: SavedResult): ScenarioResult {
  const modes = exhaustive === true ? FAULT_MODES : [];
  const whole = modes.map((mode) => ({ mode, from: 1, to: faults.points[mode] ?? 0, isEnd: true }));
  return { ...rest, faults: { deep: 0, tried: whole, ...faults } };
}

/** Every result that was kept here, by scenario, oldest first. Delete the folder to begin anew. */
export function savedResults(): ScenarioResult[] {
  return load<SavedResult>((name) => !name.startsWith(FILES) && !name.startsWith(LIMITS)).map(
    readResult,
  );
}
