import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { openRun, recoverDeadRuns } from '@tb/backtest';
import { type FaultMode, type FaultRun, runFaulted, shimUnavailable } from '@tb/testkit';
import { openRunRoot, type RunRoot } from './support/run-root.ts';

const CHILD = fileURLToPath(new URL('./children/run-child.mjs', import.meta.url));
const SEED = 1;

function runAt(root: RunRoot, mode: FaultMode, at: number): Promise<FaultRun> {
  const command = { argv: [process.execPath, CHILD, root.layout.root], timeoutMs: 60_000 };
  return runFaulted(command, { root: root.layout.runsDir, point: { mode, at, seed: SEED } });
}

/** What must hold after any fault: the run is done and whole, or it failed with a clear error and left nothing. */
async function check(root: RunRoot, run: FaultRun, mode: FaultMode): Promise<void> {
  await recoverDeadRuns(root.layout, root.index);
  const [row] = await root.index.list();
  const names = readdirSync(root.layout.runsDir);
  if (run.exitCode === 0) {
    expect(names).toEqual([`${run.stdout.trim()}.duckdb`]);
    await using file = await openRun(root.layout, row!);
    expect((await file.equity()).rows).toBe(5000);
    return;
  }
  expect({ state: row!.state, names }).toEqual({ state: 'failed', names: [] });
  if (!mode.startsWith('kill') && mode !== 'torn')
    expect(run.stderr).toMatch(
      /BacktestError RUN_FILE_NOT_WRITTEN: Run file of run_\w+ was not written: ./,
    );
}

// `TB_FAULT_ALL=1` tries every call of every mode: some ten minutes.
const isComplete = process.env['TB_FAULT_ALL'] === '1';
const MODES: readonly FaultMode[] = isComplete
  ? ['kill', 'eio-once', 'eio-ever', 'enospc-once', 'enospc-ever', 'torn']
  : ['kill', 'eio-ever', 'enospc-ever'];

const unavailable = await shimUnavailable();
const describeFaults = unavailable === undefined ? describe : describe.skip;

describeFaults(
  `a disk that fails ${unavailable === undefined ? '' : `(SKIPPED: ${unavailable})`}`,
  () => {
    test.each(MODES)(
      '%s: the run is whole, or it failed and left nothing',
      async (mode) => {
        const total = await (async () => {
          await using root = openRunRoot();
          const run = await runAt(root, mode, 1_000_000);
          await check(root, run, mode);
          expect({ exitCode: run.exitCode, fired: run.fired }).toEqual({ exitCode: 0, fired: 0 });
          return run.eligible;
        })();
        const all = Array.from({ length: total }, (_, at) => at + 1);
        const sample = [Math.ceil(total / 2), total - 1, total];
        const points = isComplete ? all : sample;
        for (const at of new Set(points)) {
          await using root = openRunRoot();
          const run = await runAt(root, mode, at);
          try {
            expect(run.timedOut || run.orphans).toBe(false);
            expect(run.fired).toBeGreaterThan(0);
            await check(root, run, mode);
          } catch (error) {
            const call = run.firedAt;
            throw new Error(
              `${mode} at ${at} of ${total}, ${call?.name} ${call?.path}: exit ${run.exitCode} ${run.signal} ${run.stderr}\n${String(error)}`,
            );
          }
        }
      },
      isComplete ? 3_000_000 : 120_000,
    );
  },
);
