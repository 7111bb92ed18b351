import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { backtestErrors } from '@tb/backtest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the code of the README runs and prints what it says', async () => {
  const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const args = ['--input-type=module', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  const [, promised] = /\/\/ (true.*)\n$/.exec(code) ?? [];
  expect(stdout.trim()).toBe(promised);
});

test('the README names every error code', () => {
  for (const code of Object.keys(backtestErrors)) expect(readme).toContain(`\`${code}\``);
});
