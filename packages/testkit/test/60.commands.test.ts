import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { random, runTrial, seedOf, shimUnavailable } from '@tb/testkit';
import { FAULT_MODES, type FaultMode, formatReplay } from '../src/fault-mode.ts';
import { cutPower } from '../src/power-cut-campaign.ts';
import { READ_ONLY_COMMANDS } from '../src/read-only-commands.ts';
import { loadScenarios } from '../src/scenario-files.ts';
import { commandsInHelp, tbCommands } from '../src/tb-commands.ts';
import { openStage } from '../src/trial.ts';

const seed = seedOf();
const main = fileURLToPath(new URL('../../../apps/ops/dist/main.js', import.meta.url));
const table = fileURLToPath(new URL('../../../docs/crash-points.md', import.meta.url));
const missing =
  (await shimUnavailable()) ?? (existsSync(main) ? undefined : `${main} is not built`);
const scenarios = await loadScenarios();
const suite = missing === undefined ? describe : describe.skip;
const because = missing === undefined ? '' : ` (skipped: ${missing})`;
/** Faults a scenario in this run; a full run is `pnpm faults`. */
const POINTS = Number(process.env['TB_FAULT_POINTS'] ?? 1);

/** Four scenarios a run, chosen by the seed; TB_FAULT_ALL=1: each. */
const chosen =
  process.env['TB_FAULT_ALL'] === '1' ? scenarios : random(seed).shuffle(scenarios).slice(0, 4);

/** Calls of an undisturbed run, as docs/crash-points.md has them. */
function tabledCalls(name: string): number | undefined {
  if (!existsSync(table)) return undefined;
  const row = readFileSync(table, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| ${name} |`));
  return row === undefined ? undefined : Number(row.split('|')[2]);
}

describe('commands and scenarios', () => {
  test('the help of commander is understood, wrapped lines too', () => {
    const help =
      'Usage: tb\n\nCommands:\n  init        creates\n              the root\n  ingest [options] <files...>  appends\n  help [command]  shows\n\nExample:\n  $ tb\n';
    expect(commandsInHelp(help)).toEqual(['init', 'ingest', 'help']);
  });

  (existsSync(main) ? test : test.skip)(
    'every command of tb has a scenario, or a reason to need none',
    async () => {
      const commands = await tbCommands((...args) => ({ argv: [process.execPath, main, ...args] }));
      expect(commands.length).toBeGreaterThan(3);
      const covered = new Set(scenarios.flatMap((scenario) => scenario.commands));
      const uncovered = commands.filter(
        (name) => !covered.has(name) && READ_ONLY_COMMANDS[name] === undefined,
      );
      expect(uncovered).toEqual([]);
    },
  );

  test('names of scenarios are unique and fit into a replay line', () => {
    const names = scenarios.map((scenario) => scenario.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z-]+$/.test(name))).toBe(true);
  });
});

suite(`a slice of the crash points, seed ${seed}${because}`, () => {
  test.each(chosen.map((scenario) => [scenario.name, scenario] as const))(
    '%s: faults and power cuts at random moments break no invariant, and its row in docs/crash-points.md is not stale',
    async (name, scenario) => {
      using stage = await openStage(scenario);
      const calls = stage.reference.calls.length;
      const tabled = tabledCalls(name) ?? calls;
      expect(Math.abs(calls - tabled)).toBeLessThanOrEqual(Math.max(5, calls * 0.05));
      const rng = random(`${seed}:${name}`);
      const found: Record<string, readonly string[]> = {};
      for (let i = 0; i < POINTS; i += 1) {
        const mode: FaultMode = rng.pick(FAULT_MODES);
        const writes = stage.reference.calls.filter(({ name: call }) =>
          /write|copy/.test(call),
        ).length;
        const reach = mode.startsWith('kill') || mode.startsWith('eio') ? calls : writes;
        const trial = await runTrial(stage, [
          { mode, at: rng.between(1, Math.floor(reach * 0.9)), seed },
        ]);
        expect(trial.fired).toBe(true);
        if (trial.violations.length > 0)
          found[`TB_FAULT=${formatReplay(trial.replay)}`] = trial.violations;
      }
      const cuts = await cutPower(stage, { seed, states: 3, rerunEvery: 3 });
      expect({ found, cuts: cuts.violations }).toEqual({ found: {}, cuts: [] });
    },
    180_000,
  );
});
