import type { MutationResult } from './mutation-campaign.ts';
import type { Command } from './process-group.ts';

/** What is known about a run that was disturbed, or whose disk was rebuilt after a power cut. */
export interface Evidence {
  /** Everything that was acknowledged on stdout before the fault. */
  readonly acked: string;
  /** True after the command ended with exit 0, and nothing happened since. */
  readonly completed: boolean;
  /** True once the command has said that its work is done: from then on all of it must be there, whatever happens. */
  readonly promised: boolean;
}

/** One command under fault: how to prepare it, run it, and tell right from wrong. */
export interface Scenario {
  /** Part of the replay line: lower case letters and `-`. */
  readonly name: string;
  /** The commands of `tb` that it covers; a test holds them against the commands that exist. */
  readonly commands: readonly string[];
  /** Makes the state before the command in an empty folder. Called once; the folder is copied for each run. */
  prepare(root: string): Promise<void>;
  /** The command on a copy of that folder. Running it again must complete what was interrupted. */
  command(root: string): Command;
  /** Invariants that hold after any fault, and after the rerun: one sentence for each violation. */
  check(root: string, evidence: Evidence): Promise<readonly string[]>;
  /** Does this output say that the work is done? Default: never before exit 0. */
  promises?(acked: string): boolean;
  /** Identity of the content, not of the bytes: equal for an undisturbed run and a completed rerun. */
  digest(root: string): Promise<string>;
  /**
   * Exit codes that an error may have. Default 3, 4 and 75 of the `tb` contract: never 1, which is a bug, and never 2,
   * which blames the caller.
   */
  readonly errorExits?: readonly number[];
  /** Text that a clear error has. Default: `Error: ` at the start of a line, and the cause. */
  readonly errorPattern?: RegExp;
  /** Damages files of a completed root, and asks a reader. Absent: the command leaves no files of its own kind. */
  mutate?(options: { readonly seed: number; readonly count: number }): Promise<MutationResult>;
  /** Names of files that must not be left behind by a completed run. Default: `.tmp` files. */
  readonly litter?: RegExp;
}
