import type { ErrorEntry } from '@tb/schema';

/**
 * Errors of the operating system that reach the top as Node throws them: their message names the call and the file. They
 * are never a bug of ours. By `code`; docs/errors.md lists them.
 */
export const systemErrors: Readonly<Record<string, ErrorEntry>> = {
  ENOENT: {
    exit: 3,
    cause: 'A file or a folder that is needed does not exist.',
    action:
      'Check the path, and --root. `tb init` makes what a data root is missing; `tb health` says what is gone.',
  },
  EACCES: {
    exit: 3,
    cause: 'The user of the process may not do this with the file or its folder.',
    action: 'Correct owner and mode of the file and its folder.',
  },
  EPERM: {
    exit: 3,
    cause: 'The user of the process may not do this, or the file is protected.',
    action: 'Correct owner, mode and attributes of the file and its folder.',
  },
  EROFS: {
    exit: 3,
    cause: 'The disk is mounted read-only, by choice or because the kernel found an error on it.',
    action: 'See the log of the kernel; mount the disk for writing, then run the command again.',
  },
  ENOSPC: {
    exit: 3,
    cause: 'The disk has no free space, or no free inodes.',
    action: 'Free space (`df -h`, `df -i`), then run the command again.',
  },
  EDQUOT: {
    exit: 3,
    cause: 'The quota of the user on this disk is used up.',
    action: 'Free space or raise the quota, then run the command again.',
  },
  EFBIG: {
    exit: 3,
    cause: 'The file would be larger than a file may be.',
    action: 'Raise the limit (`ulimit -f`), or use a file system for larger files.',
  },
  EMFILE: {
    exit: 3,
    cause: 'The process has as many files open as it may.',
    action: 'Raise the limit (`ulimit -n`), then run the command again.',
  },
  ENFILE: {
    exit: 3,
    cause: 'The system has as many files open as it can.',
    action: 'Stop other programs, then run the command again.',
  },
  ENOMEM: {
    exit: 3,
    cause: 'The system has no memory to give.',
    action: 'Stop other programs or work on less at a time, then run the command again.',
  },
  EAGAIN: {
    exit: 75,
    cause: 'The system has no room for another process or thread at the moment.',
    action: 'Run the command again; raise the limit (`ulimit -u`) if it comes again.',
  },
  ENOTDIR: {
    exit: 3,
    cause: 'A part of the path is a file, where a folder is needed.',
    action: 'Check the path.',
  },
  EISDIR: {
    exit: 2,
    cause: 'The path is a folder, where a file is needed.',
    action: 'Name a file.',
  },
  EEXIST: {
    exit: 3,
    cause: 'The name is taken.',
    action: 'Check who made the file; `tb health` says whether it belongs there.',
  },
  EIO: {
    exit: 4,
    cause: 'The disk did not read or write.',
    action:
      'Check the disk and the log of the kernel, and run `tb health --full`; then run the command again.',
  },
  ABORT_ERR: {
    exit: 3,
    cause: 'The command was asked to stop.',
    action: 'Run it again; it goes on where it stopped.',
  },
};
