import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CampaignResult } from './campaign.ts';
import type { DeathResult } from './death-campaign.ts';
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
  /** True when every call was disturbed, false for a sample. */
  readonly exhaustive: boolean;
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

function save(name: string, result: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(result, null, 1));
}

function load<T>(isWanted: (name: string) => boolean): T[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(isWanted)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T);
}

/** Keeps a result for `crash-points`, beside those of earlier runs. */
export function saveResult(result: ScenarioResult): void {
  save(`${result.scenario}.${stampOf(result)}.json`, result);
}

/** Every result that was kept here, by scenario, oldest first. Delete the folder to begin anew. */
export function savedResults(): ScenarioResult[] {
  return load<ScenarioResult>((name) => !name.startsWith(FILES));
}
