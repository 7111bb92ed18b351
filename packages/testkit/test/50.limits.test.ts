import { describe, expect, test } from '@jest/globals';
import { LIMITS, limitsUnavailable, runLimits, shimUnavailable } from '@tb/testkit';
import { publishing } from './scenario-publish.ts';

const missing = (await shimUnavailable()) ?? limitsUnavailable();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

(missing === undefined ? describe : describe.skip)(
  `limits${missing ? ` (${missing})` : ''}`,
  () => {
    const disks = LIMITS.filter((limit) => limit.impose !== undefined);

    test('a full or read-only disk gives an error, and the rerun completes when there is space again', async () => {
      const result = await runLimits(publishing('none'), disks);
      expect(result.violations).toEqual([]);
      expect(result.ends['disk with 0 bytes free']).toMatch(/^exit 1/);
      expect(result.ends['read-only disk']).toMatch(/^exit 1/);
      expect(result.ends['disk with 4194304 bytes free']).toBe('exit 0');
    });

    test('control: a publication that is not atomic is caught by a full disk', async () => {
      const result = await runLimits(publishing('rename-early'), disks);
      expect(result.violations.length).toBeGreaterThan(0);
    });
  },
);
