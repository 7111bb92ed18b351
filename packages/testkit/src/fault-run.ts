import type { FaultPoint } from './fault-mode.ts';
import { FaultPage } from './fault-page.ts';
import { type Command, type Outcome, runCommand } from './process-group.ts';
import { buildShim } from './shim.ts';
import { tempRoot } from './temp-root.ts';

/** One storage call that the shim saw. */
export interface StorageCall {
  /** Over all calls of the process and its children, from 1. */
  readonly number: number;
  /** Among the calls that the mode can disturb; 0: it cannot disturb this one. */
  readonly eligible: number;
  /** As the system names it: `pwrite`, `fsync`, `rename`. */
  readonly name: string;
  /** Relative to the root. */
  readonly path: string;
  /** Target of a rename or link, relative to the root. */
  readonly path2: string;
  /** Bytes, or the new length of a truncate. */
  readonly size: number;
  readonly pid: number;
  readonly tid: number;
}

export interface FaultRun extends Outcome {
  readonly point: FaultPoint;
  readonly calls: readonly StorageCall[];
  /** How many of them the mode can disturb. */
  readonly eligible: number;
  /** How often the fault happened: 0 means that this run was undisturbed. */
  readonly fired: number;
  /** The call at which it happened first. */
  readonly firedAt: StorageCall | undefined;
  /** Calls that the shim sees but a recording cannot follow. */
  readonly unsupported: number;
  /** Bytes of the recording; empty unless the mode is `record`. */
  readonly recording: Buffer;
}

export interface FaultOptions {
  /** Folder to watch, an absolute real path. Files outside are never disturbed. */
  readonly root: string;
  readonly point: FaultPoint;
  /** true: fsync reaches the disk. Default false: a process kill loses no page cache, and a recording needs only the order. */
  readonly realSync?: boolean;
  /** Free space that the disk reports inside the root. Default 128 MB, so that runs are alike on every machine. */
  readonly freeBytes?: number;
  /** Another shared object than the one built from `shim/`, for tests of the harness. */
  readonly shim?: string;
}

/** Environment that loads the shim into a process, and names its page. */
export async function shimEnvironment(
  page: FaultPage,
  options: FaultOptions,
): Promise<Record<string, string>> {
  const { root, point } = options;
  return {
    LD_PRELOAD: options.shim ?? (await buildShim()),
    UV_USE_IO_URING: '0',
    FAULT_STATE: page.state,
    FAULT_LOG: page.log,
    FAULT_RECORD: page.record,
    FAULT_ROOT: root,
    FAULT_MODE: point.mode,
    FAULT_N: String(point.at),
    FAULT_SEED: String(point.seed),
    FAULT_FREE: String(options.freeBytes ?? 128 << 20),
    FAULT_SYNC: options.realSync === true ? 'real' : 'noted',
  };
}

/**
 * Runs a command under the fault shim, in a process of its own. One counter covers the command and all its children.
 *
 * @throws Error when the shim cannot be built, or no process loaded it: then nothing was tested.
 */
export async function runFaulted(command: Command, options: FaultOptions): Promise<FaultRun> {
  using scratch = tempRoot('fault');
  const page = new FaultPage(scratch);
  const env = { ...command.env, ...(await shimEnvironment(page, options)) };
  const outcome = await runCommand({ ...command, env });
  return page.runOf(outcome, options.point, options.root);
}
