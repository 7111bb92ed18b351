import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  isRunnerDead,
  openRun,
  type Recovery,
  type RunEvent,
  recoverDeadRuns,
  thisRunner,
} from '@tb/backtest';
import { openRunRoot, type RunRoot } from './support/run-root.ts';

const CHILD = fileURLToPath(new URL('./children/run-child.mjs', import.meta.url));

/** Starts a run and resolves when it stands at the step, or, without one, when it has ended. */
async function runTo(root: RunRoot, step: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CHILD, root.layout.root, step], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

async function killAt(root: RunRoot, step: string): Promise<void> {
  const child = await runTo(root, step);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  expect((await ended)[1]).toBe('SIGKILL');
}

const finalFiles = (root: RunRoot): string[] =>
  readdirSync(root.layout.runsDir).filter((name) => !name.startsWith('.'));

describe('a runner killed with SIGKILL', () => {
  test.each(['started', 'half-way', 'all-candles'])(
    'at %s: no file under the final name; recovery marks the run failed and leaves no litter',
    async (step) => {
      await using root = openRunRoot();
      await killAt(root, step);
      expect(finalFiles(root)).toEqual([]);
      const [before] = await root.index.list();
      expect(before).toMatchObject({ state: 'running' });

      const { failedRuns } = await recoverDeadRuns(root.layout, root.index);
      expect(failedRuns).toEqual([before!.runId]);
      expect(await root.index.find(before!.runId)).toMatchObject({
        state: 'failed',
        error: expect.stringMatching(/^The runner, process \d+, ended without a result$/),
      });
      await untilEmpty(root);
      const again = await root.run();
      expect((await root.index.find(again.runId))!.state).toBe('done');
    },
    60_000,
  );

  test('between the file and its row: the run is not taken for done, and its file goes', async () => {
    await using root = openRunRoot();
    await killAt(root, 'linked');
    expect(finalFiles(root)).toHaveLength(1);
    const [run] = await root.index.list();
    await expect(openRun(root.layout, run!)).rejects.toMatchObject({ code: 'RUN_NOT_DONE' });
    const recovery = await recoverDeadRuns(root.layout, root.index);
    expect(recovery.failedRuns).toEqual([run!.runId]);
    expect(recovery.removedFiles).toContain(`${run!.runId}.duckdb`);
    await untilEmpty(root);
  }, 60_000);

  test('after its row says done: nothing is lost, and recovery touches nothing', async () => {
    await using root = openRunRoot();
    await killAt(root, 'done');
    expect(await recoverDeadRuns(root.layout, root.index)).toEqual({
      failedRuns: [],
      removedFiles: [],
    });
    const [run] = await root.index.list();
    await using file = await openRun(root.layout, run!);
    expect((await file.equity()).rows).toBe(5000);
  }, 60_000);

  test('a live runner is left alone, with its unfinished file', async () => {
    await using root = openRunRoot();
    const child = await runTo(root, 'half-way');
    try {
      expect(await recoverDeadRuns(root.layout, root.index)).toEqual({
        failedRuns: [],
        removedFiles: [],
      });
      expect(readdirSync(root.layout.runsDir).some((name) => name.startsWith('.tmp-'))).toBe(true);
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }, 60_000);
});

/** The builder notices the death of its runner and cleans up after itself; recovery takes what is left. */
async function untilEmpty(root: RunRoot): Promise<void> {
  for (let left = 100; readdirSync(root.layout.runsDir).length > 0; left -= 1) {
    if (left === 0) throw new Error(`Left over: ${readdirSync(root.layout.runsDir).join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await recoverDeadRuns(root.layout, root.index);
  }
}

describe('recovery', () => {
  test('removes files that no live run needs, and nothing that is not ours', async () => {
    await using root = openRunRoot();
    const kept = await root.run();
    const orphan = '.tmp-run_20250101_000000_abcdef12.duckdb';
    const names = [orphan, `${orphan}.wal`, 'run_20250101_000000_abcdef12.duckdb', 'notes.txt'];
    for (const name of names) writeFileSync(join(root.layout.runsDir, name), 'x');
    const { removedFiles } = await recoverDeadRuns(root.layout, root.index);
    expect([...removedFiles].sort()).toEqual([orphan, `${orphan}.wal`]);
    expect(existsSync(root.layout.runFile(kept.runId))).toBe(true);
    expect(existsSync(join(root.layout.runsDir, 'notes.txt'))).toBe(true);
    expect(existsSync(join(root.layout.runsDir, names[2]!))).toBe(true);
  });
});

const linux = process.platform === 'linux' ? test : test.skip; // elsewhere the pid alone decides

linux(
  'regress-8-run-abandoned: a run that failed and could not be told to the index counts as running only until the next recovery, also in a process that lives on',
  async () => {
    await using root = openRunRoot();
    const full = (): Promise<never> => Promise.reject(new Error('database or disk is full'));
    const index = { ...root.index, finish: full, fail: full };
    await expect(root.run({ index })).rejects.toThrow('disk is full');
    const [left] = await root.index.list();
    expect(left).toMatchObject({ state: 'running', runner: thisRunner() });

    const recoveries: Promise<Recovery>[] = [];
    const onEvent = ({ kind }: RunEvent): void => {
      if (kind === 'started') recoveries.push(recoverDeadRuns(root.layout, root.index));
    };
    const next = await root.run({ onEvent });
    expect((await Promise.all(recoveries)).map(({ failedRuns }) => failedRuns)).toEqual([
      [left!.runId],
    ]);
    expect(await root.index.find(next.runId)).toMatchObject({ state: 'done' });
    expect(finalFiles(root)).toEqual([`${next.runId}.duckdb`]);
  },
);

test('a folder of runs that cannot be listed is an error with its reason', async () => {
  await using root = openRunRoot();
  const layout = { ...root.layout, runsDir: join(root.layout.root, 'nowhere') };
  await expect(recoverDeadRuns(layout, root.index)).rejects.toMatchObject({
    code: 'RUN_FOLDER_FAILED',
    message: expect.stringMatching(/list .*nowhere: ENOENT$/),
  });
});

describe('the death of a runner', () => {
  test('a pid that was given to another process proves it', () => {
    const here = thisRunner();
    expect(isRunnerDead(here)).toBe(false);
    expect(isRunnerDead({ pid: here.pid, startedAs: undefined })).toBe(false);
    if (here.startedAs === undefined) return; // not Linux: the pid alone decides
    const [boot, namespace, ticks] = here.startedAs.split(' ');
    const as = (...parts: unknown[]): boolean =>
      isRunnerDead({ pid: here.pid, startedAs: parts.join(' ') });
    expect(as(boot, namespace, Number(ticks) - 1)).toBe(true);
    expect(as('another-boot', namespace, ticks)).toBe(true);
    expect(as(boot, 'pid:[1]', ticks)).toBe(false); // another container: not ours to judge
  });

  test('a pid that is free proves it', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(isRunnerDead({ pid: child.pid!, startedAs: undefined })).toBe(true);
    expect(isRunnerDead({ ...thisRunner(), pid: child.pid! })).toBe(true);
  });
});
