import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { parseAddress } from '../src/commands/metrics.ts';
import { prometheusText } from '../src/metrics/prometheus.ts';
import { tb } from './tb.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = tempRoot('metrics');
const root = folder.at('data');

beforeAll(async () => {
  await tb(['init', '--root', root]);
}, 30_000);

afterAll(() => folder[Symbol.dispose]());

/** Every line is a comment, or a name with labels and a number: the grammar of the exposition format. */
const LINE =
  /^(# (HELP|TYPE) tb_\w+ .+|tb_\w+(\{\w+="([^"\\\n]|\\[\\"n])*"(,\w+="([^"\\\n]|\\[\\"n])*")*\})? -?[\d.e+-]+)$/;

describe('tb metrics', () => {
  test('prints Prometheus text of what health sees', async () => {
    const { exit, stdout } = await tb(['metrics', '--root', root]);
    expect(exit).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(LINE);
    expect(stdout).toContain('tb_health_verdict 0\n');
    expect(stdout).toMatch(/^tb_disk_free_bytes\{subject="[^"]+"\} \d+$/m);
    expect(stdout).toContain('tb_health_findings{check="integrity",status="ok"} 5\n');
    const names = [...stdout.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('writes the same whole to a file, as the textfile collector wants it', async () => {
    const out = folder.at('tb.prom');
    const { exit, json } = await tb(['metrics', '--out', out, '--json', '--root', root]);
    expect(exit).toBe(0);
    expect(json).toMatchObject({ status: 'written', out });
    const text = readFileSync(out, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect(text).toContain('tb_health_verdict 0\n');
    expect(existsSync(`${out}.tmp`)).toBe(false);
  });

  test('serves /metrics on loopback until it is told to stop, and follows what happens', async () => {
    using copy = tempRoot('metrics-served');
    await tb(['init', '--root', copy.at('data')]);
    const words = ['metrics', '--listen', '127.0.0.1:0', '--root', copy.at('data')];
    const child = spawn(process.execPath, [MAIN, ...words]);
    const url = await urlOf(child);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const first = await fetch(url);
    expect(first.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await first.text()).toContain('tb_health_verdict 0\n');
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    rmSync(copy.at('data', 'market_data', '.schema_version'));
    let status = 200;
    for (const end = Date.now() + 10_000; status === 200 && Date.now() < end; )
      status = (await fetch(url)).status;
    expect(status).toBe(503);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }, 30_000);

  test('addresses: a port alone is of loopback; what is none is refused', async () => {
    expect(parseAddress('9464')).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(parseAddress('[::1]:9464')).toEqual({ host: '::1', port: 9464 });
    expect(parseAddress('localhost:1')).toEqual({ host: 'localhost', port: 1 });
    for (const wrong of ['', 'host', 'a:b', '1:2:3', '127.0.0.1:70000', ':1'])
      expect(() => parseAddress(wrong)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
    const { exit } = await tb(['metrics', '--listen', 'x', '--root', root]);
    expect(exit).toBe(2);
  });

  test('labels are escaped', () => {
    const labels = { subject: 'a "b"\\\n' };
    expect(prometheusText([{ name: 'n', help: 'h', samples: [{ labels, value: 1 }] }])).toBe(
      '# HELP n h\n# TYPE n gauge\nn{subject="a \\"b\\"\\\\\\n"} 1\n',
    );
  });
});

/** Reads the address off the line on stderr. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error(text)));
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /http:\S+/.exec(text)?.[0];
      if (url !== undefined && text.includes('\n')) resolve(url);
    });
  });
}
