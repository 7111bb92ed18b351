import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Outcome } from './process-group.ts';

/** Something that runs out for one run of a command, and is there again for the next. */
export interface Limit {
  readonly name: string;
  /** Called after the fresh copy; `disk` is the root of the file system that the copy is on. */
  readonly impose?: (disk: string) => void;
  readonly wrap?: (command: Command) => Command;
  readonly lift?: (disk: string) => void;
  /** Ends that the system or Node makes below our code: what is on the disk counts, and the rerun. */
  readonly isBelowUs?: (run: Outcome) => boolean;
}

const remount = (disk: string, how: string): void => {
  execFileSync('mount', ['-o', `remount,${how}`, disk]);
};

/** Fills the disk until `freeBytes` are left. */
function leave(freeBytes: number): Limit {
  return {
    name: `disk with ${freeBytes} bytes free`,
    impose: (disk) => {
      const { bavail, bsize } = statfsSync(disk);
      const fill = bavail * bsize - freeBytes;
      if (fill < 0)
        throw new Error(`The disk has ${bavail * bsize} bytes, fewer than ${freeBytes}`);
      writeFileSync(join(disk, 'filler'), Buffer.alloc(fill));
    },
    lift: (disk) => rmSync(join(disk, 'filler'), { force: true }),
  };
}

/** Names for so many more files and folders. */
function inodes(count: number): Limit {
  return {
    name: `${count} inodes free`,
    impose: (disk) => {
      const { files, ffree } = statfsSync(disk);
      remount(disk, `nr_inodes=${files - ffree + count}`);
    },
    lift: (disk) => remount(disk, 'nr_inodes=1000000'),
  };
}

/** `ulimit` of the shell, set for the command alone. */
function ulimit(
  name: string,
  flag: string,
  value: number,
  isBelowUs: (run: Outcome) => boolean,
): Limit {
  const wrap = (command: Command): Command => ({
    ...command,
    argv: ['sh', '-c', `ulimit ${flag} ${value} && exec "$@"`, 'sh', ...command.argv],
  });
  return { name: `${name} ${value}`, wrap, isBelowUs };
}

/** Node could not load the modules: its own words, before any of ours. */
const couldNotStart = ({ exitCode, stderr }: Outcome): boolean =>
  exitCode === 1 && /^node:internal.*(EMFILE|ERR_DLOPEN_FAILED|ERR_MODULE_NOT_FOUND)/s.test(stderr);
/** A process that has not asked to ignore it is killed by a write beyond the limit. */
const wasStopped = ({ signal }: Outcome): boolean => signal === 'SIGXFSZ';

/**
 * Memory ends in V8 or in an engine before our code hears of it: the process aborts, as it dies when the system's
 * out-of-memory killer picks it.
 */
const wasAborted = (run: Outcome): boolean =>
  ['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV'].includes(run.signal ?? '') || couldNotStart(run);

/**
 * Memory that a process may write to (RLIMIT_DATA; `ulimit -v` would count the address space that V8 reserves). A child
 * has as much again. With less than 96 MB Node waits in its start for threads that it could not make.
 */
function memory(megabytes: number): Limit {
  return { ...ulimit('memory', '-d', megabytes << 10, wasAborted), name: `memory ${megabytes} MB` };
}

/** The heap of V8 alone: engines and buffers lie outside. */
function heap(megabytes: number): Limit {
  const NODE_OPTIONS = `--max-old-space-size=${megabytes}`;
  return {
    name: `heap ${megabytes} MB`,
    wrap: (command) => ({ ...command, env: { ...command.env, NODE_OPTIONS } }),
    isBelowUs: wasAborted,
  };
}

/** Sizes between the start of Node and the need of the largest command. */
export const MEMORY_LIMITS: readonly Limit[] = [
  ...[96, 112, 120, 128, 136, 144, 160, 192].map(memory),
  ...[8, 12, 14].map(heap),
];

/** Read-only disk, six amounts of free space, few inodes, few descriptors, small files. ulimit -f counts 512 bytes. */
export const DISK_LIMITS: readonly Limit[] = [
  {
    name: 'read-only disk',
    impose: (disk) => remount(disk, 'ro'),
    lift: (disk) => remount(disk, 'rw'),
  },
  ...[0, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20].map(leave),
  ...[0, 2, 8].map(inodes),
  ...[28, 128, 192, 256, 320].map((count) => ulimit('open files', '-n', count, couldNotStart)),
  ...[64, 1024, 8192].map((blocks) => ulimit('file size in sectors', '-f', blocks, wasStopped)),
];

/** All of them. */
export const LIMITS: readonly Limit[] = [...DISK_LIMITS, ...MEMORY_LIMITS];
