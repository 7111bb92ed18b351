import { mkdirSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { causeLines, causeOf } from '../src/cause-lines.ts';
import { OpsError } from '../src/errors.ts';
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

  test('the causes are told too, and cross from a worker', async () => {
    const disk = Object.assign(new Error('write: no space left on device\nlong story'), {});
    const middle = new Error('Day file x was not written: write: no space left on device', {
      cause: disk,
    });
    const top = new OpsError('WORKER_FAILED', 'nse 2026-02-02 was not built', { cause: middle });
    const { text, json } = await told(top);
    expect(text).toMatch(
      /^Error: nse .*\nCause: Day file x was not written: write: no space left on device\nTry: /,
    );
    expect(JSON.parse(json)).toMatchObject({ error: { causes: [middle.message] } });
    expect(causeLines({ cause: causeOf(['a', 'b']) })).toEqual(['a', 'b']);
    expect(causeLines(new Error('alone'))).toEqual([]);
  });

  test('regress-8-file-too-large: a limit of the file size is refused, and no bug', async () => {
    const error = Object.assign(new Error('EFBIG: file too large, write'), { code: 'EFBIG' });
    expect(await told(error)).toMatchObject({
      exit: 3,
      text: expect.stringContaining('ulimit -f'),
    });
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
