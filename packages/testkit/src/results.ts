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

const FILES = 'damaged-files.json';

/** Keeps the result of the damaged files; it replaces the one before. */
export function saveFiles(result: FilesResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILES), JSON.stringify(result, null, 1));
}

/** The newest result of the damaged files. */
export function savedFiles(): FilesResult | undefined {
  const path = join(folder, FILES);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FilesResult) : undefined;
}

/** Keeps a result for `crash-points`, beside those of earlier runs. */
export function saveResult(result: ScenarioResult): void {
  mkdirSync(folder, { recursive: true });
  const stamp = result.startedAt.replace(/[:.]/g, '-');
  writeFileSync(join(folder, `${result.scenario}.${stamp}.json`), JSON.stringify(result, null, 1));
}

/** Every result that was kept here, by scenario, oldest first. Delete the folder to begin anew. */
export function savedResults(): ScenarioResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name !== FILES)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ScenarioResult);
}
