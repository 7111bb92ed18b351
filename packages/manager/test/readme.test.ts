import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { managerErrors } from '@tb/manager';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the README names every error code, and no other', () => {
  const section = read('../README.md').split('## Error codes')[1]?.split('`')[1] ?? '';
  expect(section.split(/\s+/).sort()).toEqual(Object.keys(managerErrors).sort());
});

test('every code has a cause, an action and an exit code, and is thrown somewhere', () => {
  const source = import.meta.url.replace(/test\/[^/]*$/, 'src/');
  const files = [
    'opened-manager',
    'store/sqlite-session',
    'store/store-error',
    'store/transaction-scope',
    'store/write-queue',
    'store/open-store',
    'store/schema-version',
    'store/store-writer',
    'role',
    'trading/decimal',
    'trading/record-order',
    'trading/update-order',
    'trading/record-fill',
    'market/duck-engine',
    'market/attach-cache',
    'market/moments',
    'market/live-readers',
    'market/market-data-snapshot',
    'sql/sql-guard',
    'sql/duck-sql-session',
  ];
  const text = files.map((file) => readFileSync(new URL(`${file}.ts`, source), 'utf8')).join('\n');
  for (const [code, entry] of Object.entries(managerErrors)) {
    expect([1, 2, 3, 4, 75]).toContain(entry.exit);
    expect(entry.cause).toMatch(/\.$/);
    expect(entry.action).toMatch(/\.$/);
    expect(text).toContain(`'${code}'`);
  }
});
