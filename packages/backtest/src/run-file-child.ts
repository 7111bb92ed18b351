/**
 * The process that builds one run file; started by `run-file-writer.ts` with the path as argument. A process of its own,
 * because DuckDB may abort its process on an I/O error, and the runner must live to say what happened.
 */
import { RunFileBuild } from './run-file-build.ts';
import type { FromChild, ToChild } from './run-file-protocol.ts';
import { unlinkIfThere } from './unlink-if-there.ts';

const path = process.argv[2];
if (path === undefined || !process.send) throw new Error('Started by @tb/backtest only');

// Ctrl-C and a stopping supervisor signal the whole group: the runner decides, and tells by closing the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('disconnect', () => {
  // The runner has linked the file to its final name, or has given up, or is gone: this name is litter in each case.
  void (async () => {
    await unlinkIfThere(`${path}.wal`);
    await unlinkIfThere(path);
    process.kill(process.pid, 'SIGKILL'); // exit() aborts while DuckDB works
  })();
});

function tell(message: FromChild): void {
  process.send!(message);
}

function fail(error: unknown): void {
  const { message, code } = error as NodeJS.ErrnoException;
  tell({ kind: 'failed', message, errno: code });
}

// One step at a time, in the order of arrival; after a failure nothing more is done.
let steps: Promise<RunFileBuild | undefined> = RunFileBuild.create(path).then(
  (build) => {
    tell({ kind: 'ready' });
    return build;
  },
  (error) => {
    fail(error);
    return undefined;
  },
);

process.on('message', (message: ToChild) => {
  steps = steps.then(async (build) => {
    if (!build) return undefined;
    try {
      if (message.kind === 'rows') build.append(message.table, message.rows);
      else {
        const result = await build.finish();
        tell({ kind: 'finished', ...result });
      }
      return build;
    } catch (error) {
      fail(error);
      return undefined;
    }
  });
});
