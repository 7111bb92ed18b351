import { chmodSync, readFileSync, truncateSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { escapeHtml, html } from '../src/report/html.ts';
import { makeReport } from '../src/report/make-report.ts';
import { copyOf, edit, LIVE_DATE, makeRoot, PUBLISHED_DATE } from './health-root.ts';
import { tb } from './tb.ts';

const folder = tempRoot('report');
let template: Layout;

beforeAll(async () => {
  template = await makeRoot(folder.at('data'));
  const day = ['--from', PUBLISHED_DATE, '--to', LIVE_DATE];
  const run = ['--exchange', 'nse', '--symbols', 'NSE_EQ|TEST0001', '--on-gap', 'report', ...day];
  const { exit, stderr } = await tb([
    ...['backtest', 'run', 'moving-average-cross', ...run],
    ...['--root', template.root],
  ]);
  if (exit !== 0) throw new Error(stderr);
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

describe('tb report', () => {
  test('one page with findings, coverage, backups and a curve; nothing from outside', async () => {
    const out = folder.at('report.html');
    const words = ['report', '--out', out, '--json', '--root', template.root];
    const { exit, json } = await tb(words);
    expect(exit).toBe(0);
    expect(json).toMatchObject({ status: 'written', out, verdict: 'warn', exchanges: 1, runs: 1 });
    const page = readFileSync(out, 'utf8');
    expect(json.sizeBytes).toBe(Buffer.byteLength(page));
    expect(page).not.toMatch(/https?:|<script|<link|<img|src=|@import|url\(/);
    expect(page).toContain(`<td class="s`);
    expect(page).toMatch(new RegExp(`class="day published" title="${PUBLISHED_DATE} published"`));
    expect(page).toMatch(new RegExp(`class="day live" title="${LIVE_DATE} live"`));
    expect(page).toMatch(/<polyline points="[\d.]+,[\d.]+ /);
    expect(page).toContain('market-data-');
    expect(page).toMatch(/<td>rollover<\/td><td>live\/nse 2025-02-04<\/td>/);
    const again = await tb(words);
    expect(again.exit).toBe(3);
    expect(again.json.error.code).toBe('OUTPUT_EXISTS');
  });

  test('cells have the counts of the candles', async () => {
    const { stdout } = await tb([
      ...['sql', "SELECT count(*) AS n FROM candles_1m WHERE symbol = 'NSE_EQ|TEST0001'"],
      ...['--format', 'json', '--root', template.root],
    ]);
    const { html: page } = await makeReport(template);
    const row = /<tr><th>NSE_EQ\|TEST0001<\/th>(.*)<\/tr>/.exec(page)?.[1] ?? '';
    const counts = [...row.matchAll(/title="\S+: (\d+) of 375"/g)].map(([, n]) => Number(n));
    expect(counts).toHaveLength(2);
    expect(counts[0]! + counts[1]!).toBe(Number(/"n":\s*"?(\d+)/.exec(stdout)?.[1]));
  });

  test('a damaged root still gives a page that says so', async () => {
    using copy = copyOf(template);
    const { layout } = copy;
    const file = layout.absolute(`market_data/nse/candles/1m/${PUBLISHED_DATE}.duckdb`);
    chmodSync(file, 0o644);
    truncateSync(file, 5000);
    edit(layout.storeDb('index'), (db) => void db.exec("UPDATE runs SET sha256 = 'ab'"));
    const { html: page, verdict } = await makeReport(layout);
    expect(verdict).toBe('fail');
    expect(page).toContain(`title="${PUBLISHED_DATE} unreadable DAY_FILE_CORRUPT"`);
    expect(page).toContain('<span class="fail">RUN_FILE_CORRUPT</span>');
  });

  test('texts from the data are escaped', async () => {
    using copy = copyOf(template);
    edit(copy.layout.storeDb('index'), (db) => {
      db.exec("UPDATE runs SET strategy_id = '<script>alert(1)</script>'");
    });
    const { html: page } = await makeReport(copy.layout);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script');
    expect(escapeHtml(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;');
    expect(html`<p>${'<'}${html`<b>${1}</b>`}</p>`.markup).toBe('<p>&lt;<b>1</b></p>');
  });

  test('an empty root has a page; wrong options are refused', async () => {
    using root = tempRoot('report-empty');
    await tb(['init', '--root', root.at('data')]);
    const made = await tb(['report', '--out', root.at('r.html'), '--root', root.at('data')]);
    expect(made.exit).toBe(0);
    expect(readFileSync(root.at('r.html'), 'utf8')).toContain('No market data yet.');
    const words = ['report', '--out', root.at('x.html'), '--root', root.at('data')];
    expect((await tb([...words, '--days', '0'])).exit).toBe(2);
    expect((await tb(['report', '--root', root.at('data')])).exit).toBe(2);
  });
});
