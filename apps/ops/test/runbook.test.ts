import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { DatabaseManager, logExecution } from '@tb/manager';
import { tempRoot } from '@tb/testkit';
import { tb } from './tb.ts';

const RUNBOOK = fileURLToPath(new URL('../../../docs/runbook-rollback.md', import.meta.url));

async function events(root: string): Promise<string[]> {
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const rows = await manager.read('trading', (db) =>
    db.selectFrom('execution_log').select('event').orderBy('id').execute(),
  );
  return rows.map((row) => row.event);
}

test('the rollback runbook: stop, back up, restore, verify, restart; a writer from before is fenced', async () => {
  using root = tempRoot('runbook');
  const data = ['--root', root.at('data'), '--json'];
  await tb(['init', ...data]);
  const before = await DatabaseManager.open({ root: root.at('data'), role: 'execution' });
  await before.write('trading', (tx) => logExecution(tx, { event: 'good' }));
  expect((await tb(['backup', 'all', ...data])).exit).toBe(0);
  const goodAt = new Date().toISOString();
  await before.write('trading', (tx) => logExecution(tx, { event: 'wrong' }));
  expect((await tb(['locks', 'inspect', 'trading', ...data])).json.locks[0]).toMatchObject({
    verdict: 'held',
  });
  expect((await tb(['restore', 'trading', '--at', goodAt, ...data])).exit).toBe(75);

  await before.close();
  expect((await tb(['locks', 'inspect', 'trading', ...data])).json.locks[0]).toMatchObject({
    verdict: 'free',
  });
  expect((await tb(['backup', 'trading', '--keep-all', ...data])).exit).toBe(0);
  expect((await tb(['backups', '--verify', ...data])).json).toMatchObject({
    status: 'ok',
    problems: [],
  });
  expect(
    (await tb(['restore', 'trading', '--at', goodAt, '--dry-run', ...data])).json,
  ).toMatchObject({ status: 'planned' });
  expect(await events(root.at('data'))).toEqual(['good', 'wrong']);
  const restored = await tb(['restore', 'trading', '--at', goodAt, ...data]);
  expect(restored.json).toMatchObject({ status: 'restored', database: 'trading' });
  expect(restored.json.replacedKeptAt).toMatch(/trading\.db\.replaced-/);
  expect(await events(root.at('data'))).toEqual(['good']);
  const health = await tb(['health', '--full', ...data]);
  expect([
    health.exit,
    health.json.findings.filter((finding: { status: string }) => finding.status === 'fail'),
  ]).toEqual([0, []]);

  await using after = await DatabaseManager.open({ root: root.at('data'), role: 'execution' });
  await after.write('trading', (tx) => logExecution(tx, { event: 'goes on' }));
  expect(await events(root.at('data'))).toEqual(['good', 'goes on']);
}, 120_000);

test('the runbook names only commands that exist', () => {
  const named = [...readFileSync(RUNBOOK, 'utf8').matchAll(/\btb ([a-z-]+)/g)].map(
    (match) => match[1],
  );
  expect([...new Set(named)].sort()).toEqual(['backup', 'backups', 'health', 'locks', 'restore']);
});
