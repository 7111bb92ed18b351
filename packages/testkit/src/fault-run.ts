import { readFileSync, writeFileSync } from 'node:fs';
import type { FaultPoint } from './fault-mode.ts';
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

function parseLog(text: string, root: string): StorageCall[] {
  const relative = (path: string): string =>
    path.startsWith(root) ? path.slice(root.length + 1) || '.' : path;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [number, eligible, name = '', path = '', path2 = '', size, pid, tid] = line.split('\t');
      return {
        number: Number(number),
        eligible: Number(eligible),
        name,
        path: relative(path),
        path2: relative(path2),
        size: Number(size),
        pid: Number(pid),
        tid: Number(tid),
      };
    })
    .sort((a, b) => a.number - b.number);
}

/**
 * Runs a command under the fault shim. One counter covers the command and all its children.
 *
 * @throws Error when the shim cannot be built, or no process loaded it: then nothing was tested.
 */
export async function runFaulted(command: Command, options: FaultOptions): Promise<FaultRun> {
  const { root, point } = options;
  using scratch = tempRoot('fault');
  const [state, log, record] = [scratch.at('page'), scratch.at('log'), scratch.at('record')];
  writeFileSync(state, Buffer.alloc(4096));
  writeFileSync(log, '');
  writeFileSync(record, '');
  const env = {
    ...command.env,
    LD_PRELOAD: options.shim ?? (await buildShim()),
    UV_USE_IO_URING: '0',
    FAULT_STATE: state,
    FAULT_LOG: log,
    FAULT_RECORD: record,
    FAULT_ROOT: root,
    FAULT_MODE: point.mode,
    FAULT_N: String(point.at),
    FAULT_SEED: String(point.seed),
    FAULT_FREE: String(options.freeBytes ?? 128 << 20),
    FAULT_SYNC: options.realSync === true ? 'real' : 'noted',
  };
  const outcome = await runCommand({ ...command, env });
  const page = readFileSync(state);
  const field = (index: number): number => Number(page.readBigUInt64LE(index * 8));
  if (field(5) === 0)
    throw new Error(
      `The fault shim was not loaded by ${command.argv.join(' ')}: ${outcome.stderr}`,
    );
  const calls = parseLog(readFileSync(log, 'utf8'), root);
  const firedAt = calls.find(({ number }) => number === field(2));
  return {
    ...outcome,
    point,
    calls,
    eligible: field(1),
    fired: field(3),
    firedAt,
    unsupported: field(4),
    recording: readFileSync(record),
  };
}
