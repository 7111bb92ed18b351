import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Files `bench/<file>` of the packages and of apps/ops, by package name. They are imported by path: a package import
 * would make testkit depend on the packages that test with it.
 */
export function entryPoints(file: string): Map<string, string> {
  const out = new Map<string, string>();
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(repository, group)).sort()) {
      const path = join(repository, group, name, 'bench', file);
      if (existsSync(path)) out.set(name, pathToFileURL(path).href);
    }
  return out;
}

/** Long runs: `bench/soak.ts` by package name, and each `bench/soaks/<name>-soak.ts` by its own name. */
export function soakPoints(): Map<string, string> {
  const out = entryPoints('soak.ts');
  const folder = join(repository, 'apps/ops/bench/soaks');
  const ending = '-soak.ts';
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : [])
    if (file.endsWith(ending))
      out.set(file.slice(0, -ending.length), pathToFileURL(join(folder, file)).href);
  return out;
}

/** Every `apps/ops/bench/*.ts`: benchmarks that need the packages together. Named by the file, `bench.ts` is `ops`. */
export function opsBenches(): Map<string, string> {
  const folder = join(repository, 'apps/ops/bench');
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.ts'))
        .sort()
    : [];
  return new Map(
    files
      .filter((name) => name !== 'soak.ts')
      .map((name) => [
        name === 'bench.ts' ? 'ops' : name.slice(0, -3),
        pathToFileURL(join(folder, name)).href,
      ]),
  );
}

/** Those of `names` that exist; all when none is named. @throws RangeError that lists what there is. */
export function choose(
  available: ReadonlyMap<string, string>,
  names: readonly string[],
): [string, string][] {
  const unknown = names.filter((name) => !available.has(name));
  if (unknown.length > 0)
    throw new RangeError(
      `No ${unknown.join(', ')}; there are: ${[...available.keys()].join(', ') || 'none'}`,
    );
  return [...available].filter(([name]) => names.length === 0 || names.includes(name));
}
