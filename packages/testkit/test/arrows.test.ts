import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

/** Who may import whom, and which outside packages: the table of README.md. A new arrow is a decision, not an accident. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  simulator: [],
  calendar: [],
  locks: ['proper-lockfile', 'better-sqlite3'],
  live: ['@tb/locks', '@tb/schema', '@tb/calendar', '@duckdb/node-api'],
  history: ['@tb/locks', '@tb/schema', '@tb/calendar', '@duckdb/node-api'],
  manager: [
    '@tb/locks',
    '@tb/schema',
    '@tb/calendar',
    '@tb/live',
    '@tb/history',
    '@duckdb/node-api',
    'kysely',
  ],
  queries: ['@tb/schema', '@tb/calendar', 'kysely', 'apache-arrow'],
  backtest: ['@tb/schema', '@duckdb/node-api', 'kysely'],
  ops: [
    '@tb/locks',
    '@tb/schema',
    '@tb/calendar',
    '@tb/live',
    '@tb/history',
    '@tb/manager',
    '@tb/queries',
    '@tb/backtest',
    '@tb/simulator',
    '@duckdb/node-api',
    'kysely',
    'commander',
    'csv-parse',
  ],
  // Only what tests with nothing of ours: anything else would be a cycle.
  testkit: ['@tb/simulator', 'better-sqlite3'],
};

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folderOf = (name: string): string => join(root, name === 'ops' ? 'apps' : 'packages', name);

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Outside packages that a source names: static and dynamic imports, re-exports. `@tb/x/y` counts as `@tb/x`. */
function importsOf(text: string): string[] {
  const statements = [
    /^(?:import|export)\b[^;'"]*?\bfrom\s+'([^'.][^']*)'/gm,
    /^import\s+'([^'.][^']*)'/gm,
    /\bimport\(\s*'([^'.][^']*)'\s*\)/g,
  ];
  const found = statements.flatMap((statement) =>
    [...text.matchAll(statement)].map((match) => match[1] ?? ''),
  );
  return found
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

function strangersIn(name: string): string[] {
  const allowed = ARROWS[name] ?? [];
  const strangers: string[] = [];
  for (const file of sourcesOf(join(folderOf(name), 'src'))) {
    for (const target of importsOf(readFileSync(file, 'utf8'))) {
      if (!allowed.includes(target)) strangers.push(`${file.slice(root.length)} imports ${target}`);
    }
  }
  return strangers;
}

describe('arrows between packages', () => {
  test('the table names every package', () => {
    const folders = [...readdirSync(join(root, 'packages')), ...readdirSync(join(root, 'apps'))];
    expect(folders.sort()).toEqual(Object.keys(ARROWS).sort());
  });

  test.each(Object.keys(ARROWS))('%s depends on nothing that the table does not have', (name) => {
    const manifest = JSON.parse(
      readFileSync(join(folderOf(name), 'package.json'), 'utf8'),
    ) as Manifest;
    const declared = [
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
    ];
    expect(declared.filter((dependency) => !ARROWS[name]?.includes(dependency))).toEqual([]);
  });

  test.each(Object.keys(ARROWS))(
    'the sources of %s import nothing that the table does not have',
    (name) => {
      expect(strangersIn(name)).toEqual([]);
    },
  );

  test('no cycles', () => {
    const visit = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) throw new Error(`cycle: ${[...path, name].join(' -> ')}`);
      for (const next of ARROWS[name] ?? [])
        if (next.startsWith('@tb/')) visit(next.slice(4), [...path, name]);
    };
    for (const name of Object.keys(ARROWS)) visit(name, []);
  });

  test('a forbidden import would be seen', () => {
    expect(importsOf("import { x } from '@tb/live';")).toEqual(['@tb/live']);
    expect(importsOf("export type { x } from 'kysely/helpers';")).toEqual(['kysely']);
    expect(importsOf("const x = await import('apache-arrow');")).toEqual(['apache-arrow']);
    expect(importsOf("import './local.ts'; import 'node:fs';")).toEqual([]);
  });
});
