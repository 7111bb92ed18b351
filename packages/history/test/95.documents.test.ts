import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { HistoryError, historyErrors, isHistoryError } from '@tb/history';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${folder}/README.md`, 'utf8');

describe('documents', () => {
  test('the example of the README runs, and prints what its comment says', () => {
    const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: folder,
      encoding: 'utf8',
    });
    const promised = /console\.log\(.*\); \/\/ (.*)/.exec(code)?.[1];
    expect(printed.trim()).toBe(promised);
  }, 60_000);

  test('the README lists exactly the codes of the table', () => {
    const section = readme.split('## Errors')[1]?.split('## ')[0] ?? '';
    const listed = [...section.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map((match) => match[1]);
    expect(listed).toEqual(Object.keys(historyErrors));
  });

  test('each code is thrown somewhere, and has a cause and an action', () => {
    const sources = readdirSync(`${folder}/src`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'errors.ts')
      .map((name) => readFileSync(`${folder}/src/${name}`, 'utf8'))
      .join('\n');
    for (const [code, entry] of Object.entries(historyErrors)) {
      expect([code, sources.includes(`'${code}'`)]).toEqual([code, true]);
      expect(entry.cause).toMatch(/\.$/);
      expect(entry.action).toMatch(/\.$/);
    }
  });

  test('an error is recognised by name and code, also from another copy of the package', () => {
    const error = new HistoryError('MANIFEST_MOVED', 'moved');
    expect(error).toMatchObject({ retryable: true, hint: historyErrors.MANIFEST_MOVED.action });
    expect(isHistoryError({ name: 'HistoryError', code: 'MANIFEST_MOVED' }, 'MANIFEST_MOVED')).toBe(
      true,
    );
    expect(isHistoryError(error, 'DAY_FILE_CORRUPT')).toBe(false);
    expect(isHistoryError(undefined)).toBe(false);
  });
});
