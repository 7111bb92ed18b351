import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  DiskModel,
  type NameModel,
  parseRecording,
  powerCuts,
  runFaulted,
  seedOf,
  shimUnavailable,
  tempRoot,
} from '@tb/testkit';
import { openRunRoot } from './support/run-root.ts';

const CHILD = fileURLToPath(new URL('./children/run-child.mjs', import.meta.url));
const STATES = 300;

const unavailable = await shimUnavailable();
const describeCuts = unavailable === undefined ? describe : describe.skip;

describeCuts(`a power cut ${unavailable === undefined ? '' : `(SKIPPED: ${unavailable})`}`, () => {
  test.each(['ordered', 'strict'] as const)(
    'with %s names: the run file is whole or not there, and there once the run was told to be done',
    async (model: NameModel) => {
      await using root = openRunRoot();
      const disk = new DiskModel(root.layout.runsDir, model);
      const seed = seedOf();
      const run = await runFaulted(
        { argv: [process.execPath, CHILD, root.layout.root], timeoutMs: 60_000 },
        { root: root.layout.runsDir, point: { mode: 'record', at: 0, seed } },
      );
      expect({ exitCode: run.exitCode, unsupported: run.unsupported }).toEqual({
        exitCode: 0,
        unsupported: 0,
      });
      const [row] = await root.index.list();
      const entries = parseRecording(run.recording);
      const seen = { whole: 0, absent: 0, acked: 0 };
      for (const cut of powerCuts({ disk, entries, model, seed, states: STATES })) {
        using target = tempRoot('cut');
        cut.write(target.path);
        const final = readdirSync(target.path).filter((name) => !name.startsWith('.'));
        if (cut.acked.includes(row!.runId)) {
          seen.acked += 1;
          expect(final).toEqual([`${row!.runId}.duckdb`]);
        }
        for (const name of final) {
          const bytes = readFileSync(join(target.path, name));
          expect(createHash('sha256').update(bytes).digest('hex')).toBe(row!.sha256);
        }
        seen[final.length === 1 ? 'whole' : 'absent'] += 1;
      }
      // Both sides were tried, so that neither answer is an empty promise.
      expect(seen.absent).toBeGreaterThan(0);
      expect(seen.whole).toBeGreaterThan(0);
    },
    120_000,
  );
});
