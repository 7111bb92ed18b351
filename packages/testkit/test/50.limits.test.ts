import { describe, expect, test } from '@jest/globals';
import {
  DISK_LIMITS,
  type Limit,
  limitsUnavailable,
  MEMORY_LIMITS,
  type Outcome,
  runCommand,
  runLimits,
  shimUnavailable,
} from '@tb/testkit';
import { publishing } from './scenario-publish.ts';

const missing = (await shimUnavailable()) ?? limitsUnavailable();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

(missing === undefined ? describe : describe.skip)(
  `limits${missing ? ` (${missing})` : ''}`,
  () => {
    const disks = DISK_LIMITS.filter((limit) => limit.impose !== undefined);

    test('a full or read-only disk gives an error, and the rerun completes when there is space again', async () => {
      const result = await runLimits(publishing('none'), disks);
      expect(result.violations).toEqual([]);
      expect(result.ends['disk with 0 bytes free']).toMatch(/^exit 1/);
      expect(result.ends['read-only disk']).toMatch(/^exit 1/);
      expect(result.ends['disk with 4194304 bytes free']).toBe('exit 0');
    }, 180_000);

    test('memory runs out under each kind of limit, and only under that', async () => {
      const under = (limit: Limit, script: string): Promise<Outcome> => {
        const command = { argv: [process.execPath, '-e', script], timeoutMs: 55_000 };
        return runCommand(limit.wrap?.(command) ?? command);
      };
      const named = (name: string) => MEMORY_LIMITS.find((limit) => limit.name === name) as Limit;
      const outside = 'Buffer.alloc(300 << 20, 1)';
      const inside = 'const all = []; for (;;) all.push({ all: [all.length] })';
      const isEnded = ({ exitCode, signal }: Outcome) => exitCode !== 0 || signal !== null;
      expect(isEnded(await under(named('memory 192 MB'), outside))).toBe(true);
      const aborted = await under(named('heap 14 MB'), inside);
      expect(aborted.signal).not.toBeNull();
      expect(named('heap 14 MB').isBelowUs?.(aborted)).toBe(true);
      // Neither script fails by itself: the same under the other kind of limit, or none.
      expect(isEnded(await under(named('heap 14 MB'), outside))).toBe(false);
      expect(isEnded(await runCommand({ argv: [process.execPath, '-e', outside] }))).toBe(false);
    }, 180_000);

    test('control: a publication that is not atomic is caught by a full disk', async () => {
      const result = await runLimits(publishing('rename-early'), disks);
      expect(result.violations.length).toBeGreaterThan(0);
    }, 180_000);
  },
);
