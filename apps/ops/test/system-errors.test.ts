import { mkdirSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { copyDurably, makeFolder } from '../src/files/durable.ts';
import { printError } from '../src/output.ts';

/** What `tb` prints for an error, and its exit code. */
async function told(error: unknown): Promise<{ exit: number; text: string; json: string }> {
  const [text, json]: [string[], string[]] = [[], []];
  const into = (lines: string[]) =>
    new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  const context = { json: true, verbose: false, startedAt: new Date() } as never;
  const exit = await printError(context, 'backup', error, {
    stdout: into(json),
    stderr: into(text),
  });
  return { exit, text: text.join(''), json: json.join('') };
}

describe('regress-8-named-file: errors of the operating system', () => {
  test('a folder that cannot be made is told with its path, the errno, and what to do', async () => {
    using root = tempRoot('system-errors');
    writeFileSync(root.at('file'), '');
    const error = await makeFolder(root.at('file/below')).catch((thrown: unknown) => thrown);
    const { exit, text } = await told(error);
    expect(exit).toBe(3);
    expect(text).toMatch(/^Error: ENOTDIR: .*mkdir '.*\/file\/below'\nTry: Check the path\.\n$/);
  });

  test('a copy that ends early is told with the file, though a handle does not know its name', async () => {
    using root = tempRoot('system-errors');
    mkdirSync(root.at('folder')); // Opens, and its first read fails.
    const error = await copyDurably(root.at('folder'), root.at('copy'), 0o444).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'EISDIR', syscall: 'read', path: root.at('folder') });
    expect((await told(error)).text).toContain(`read '${root.at('folder')}'\nTry: Name a file.`);
  });

  test('what may pass by itself says so to a script', async () => {
    const error = Object.assign(new Error('spawn node EAGAIN'), { code: 'EAGAIN' });
    const { exit, json } = await told(error);
    expect(exit).toBe(75);
    expect(JSON.parse(json)).toMatchObject({
      error: { code: 'EAGAIN', retryable: true, hint: expect.stringContaining('ulimit -u') },
    });
  });
});
