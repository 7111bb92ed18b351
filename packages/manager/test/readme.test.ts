import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { managerErrors } from '@tb/manager';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the README names every error code, and no other', () => {
  const section = read('../README.md').split('## Error codes')[1]?.split('`')[1] ?? '';
  expect(section.split(/\s+/).sort()).toEqual(Object.keys(managerErrors).sort());
});

test('every code has a cause, an action and an exit code, and is thrown somewhere', () => {
  const folder = fileURLToPath(new URL('../src/', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const text = files
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  for (const [code, entry] of Object.entries(managerErrors)) {
    expect([1, 2, 3, 4, 75]).toContain(entry.exit);
    expect(entry.cause).toMatch(/\.$/);
    expect(entry.action).toMatch(/\.$/);
    expect(text).toContain(`'${code}'`);
  }
});
