import { readdirSync } from 'node:fs';
import type { Scenario } from './scenario.ts';

const folder = new URL('./scenarios/', import.meta.url);

/** Every scenario of `src/scenarios`, one a file, in the order of the file names. */
export async function loadScenarios(): Promise<Scenario[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.scenario.ts'))
    .sort();
  const out: Scenario[] = [];
  // One after the other: jest's loader of ES modules loses the cache entry of a builtin when imports race.
  for (const file of files) {
    const module = (await import(new URL(file, folder).href)) as { scenario?: Scenario };
    if (module.scenario === undefined) throw new Error(`${file} exports no scenario`);
    out.push(module.scenario);
  }
  return out;
}

/** Those named; all when none is. @throws RangeError that lists what there is. */
export async function scenariosNamed(names: readonly string[]): Promise<Scenario[]> {
  const all = await loadScenarios();
  const unknown = names.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0)
    throw new RangeError(
      `No scenario ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}
