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

/** As it was written before runs noted what they tried call by call: all modes from first to last, or a sample. */
type OldResult = Omit<ScenarioResult, 'faults'> & {
  readonly faults: Omit<CampaignResult, 'tried'>;
  readonly exhaustive: boolean;
};

/** A result of this version, from one of any version. */
export function readResult(saved: ScenarioResult | OldResult): ScenarioResult {
  if (!('exhaustive' in saved)) return saved;
  const { exhaustive, faults, ...rest } = saved;
  const modes = exhaustive ? FAULT_MODES : [];
  const tried = modes.map((mode) => ({ mode, from: 1, to: faults.points[mode] ?? 0, isEnd: true }));
  return { ...rest, faults: { ...faults, tried } };
}

/** Every result that was kept here, by scenario, oldest first. Delete the folder to begin anew. */
export function savedResults(): ScenarioResult[] {
  return load<ScenarioResult | OldResult>((name) => !name.startsWith(FILES)).map(readResult);
}
