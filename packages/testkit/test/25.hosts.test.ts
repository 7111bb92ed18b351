import { describe, expect, test } from '@jest/globals';
import { openStage, runTrial, seedOf, shimUnavailable } from '@tb/testkit';
import { runDeaths } from '../src/death-campaign.ts';
import { freshRunner, hostedRunner } from '../src/fault-host.ts';
import { publishing } from './scenario-publish.ts';

const seed = seedOf();
const missing = await shimUnavailable();

(missing === undefined ? describe : describe.skip)(
  `processes that live on, and rebuilt deaths, seed ${seed}${missing ? ` (${missing})` : ''}`,
  () => {
    test('a fault in a process that lives on ends as in one of its own: same call, same end', async () => {
      using opened = await openStage(publishing('none'));
      await using runner = hostedRunner(opened.work);
      for (const mode of ['eio-once', 'enospc-ever', 'short'] as const)
        for (const at of mode === 'short' ? [1] : [1, 3]) {
          const points = [{ mode, at, seed }];
          const fresh = await runTrial({ ...opened, runner: freshRunner(opened.work) }, points);
          const hosted = await runTrial({ ...opened, runner }, points);
          const seen = ({ runs, fired, violations }: typeof fresh) => ({
            fired,
            violations,
            runs: runs.map(({ exitCode, firedAt, calls }) => [
              exitCode,
              firedAt?.name,
              calls.length,
            ]),
          });
          expect(seen(hosted)).toEqual(seen(fresh));
          expect(hosted.fired).toBe(true);
        }
    });

    test.each(['rename-early', 'ack-early'] as const)(
      'planted bug %s is found on a disk rebuilt as a kill leaves it',
      async (bug) => {
        const { violations } = await runDeaths(publishing(bug), { seed });
        expect(violations.length).toBeGreaterThan(0);
      },
    );

    test('the right order passes on every rebuilt disk', async () => {
      const { whole, torn, reruns, violations } = await runDeaths(publishing('none'), { seed });
      expect(violations).toEqual([]);
      expect(whole).toBeGreaterThan(3);
      expect(torn).toBeGreaterThan(0);
      expect(reruns).toBe(whole + torn);
    });
  },
);
