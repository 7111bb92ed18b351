import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSqlite } from '@tb/locks';
import { type Layout, layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { copyOf, endOf, holdLock } from './health-root.ts';
import { tb } from './tb.ts';

const folder = tempRoot('locks');
let template: Layout;

beforeAll(async () => {
  template = layoutOf(folder.at('data'));
  await tb(['init', '--root', template.root]);
}, 30_000);

afterAll(() => folder[Symbol.dispose]());

function epochOf(layout: Layout): number {
  const db = openSqlite(layout.storeDb('trading'), { readonly: true });
  try {
    return db.prepare('SELECT epoch FROM writer_fence').pluck().get() as number;
  } finally {
    db.close();
  }
}

describe('tb locks', () => {
  test('names the holder of each lock, and tells no token', async () => {
    using copy = copyOf(template);
    const holder = await holdLock(copy.layout.storeDir('trading'));
    try {
      const { exit, json, stdout } = await tb(['locks', '--json', '--root', copy.layout.root]);
      expect(exit).toBe(0);
      expect(json).toMatchObject({ command: 'locks inspect', status: 'ok' });
      const databases = json.locks.map((lock: { database: string }) => lock.database);
      expect(databases).toEqual(['market_data', 'trading', 'signals', 'config', 'backtest']);
      expect(json.locks[1]).toMatchObject({
        verdict: 'held',
        osLock: 'held',
        holder: { pid: holder.pid, purpose: 'test-holder', state: 'held' },
      });
      expect(stdout).not.toContain('token');
    } finally {
      await endOf(holder);
    }
  });

  test('a live holder is not broken without --kill; with it the epoch grows and the process is gone', async () => {
    using copy = copyOf(template);
    const { layout } = copy;
    const root = ['--json', '--root', layout.root];
    const holder = await holdLock(layout.storeDir('trading'));
    const refused = await tb(['locks', 'break', 'trading', ...root]);
    expect(refused.exit).toBe(75);
    expect(refused.json.error.code).toBe('LOCK_HELD');
    const planned = await tb(['locks', 'break', 'trading', '--kill', '--dry-run', ...root]);
    expect(planned.json).toMatchObject({ status: 'planned', verdict: 'held', isFreed: true });
    expect(holder.exitCode).toBeNull();
    const before = epochOf(layout);
    const killed = await tb(['locks', 'break', 'trading', '--kill', ...root]);
    expect(killed.json).toMatchObject({ status: 'killed', database: 'trading' });
    expect(killed.exit).toBe(0);
    expect(epochOf(layout)).toBeGreaterThan(before);
    expect(holder.signalCode ?? (await ended(holder))).toBe('SIGKILL');
    const again = await tb(['locks', 'break', 'trading', '--kill', ...root]);
    expect(again.json).toMatchObject({ status: 'already_free' });
    expect(again.exit).toBe(0);
  });

  test('the place of a dead writer is freed without --kill', async () => {
    using copy = copyOf(template);
    const root = ['--json', '--root', copy.layout.root];
    await endOf(await holdLock(copy.layout.storeDir('trading')));
    const seen = await tb(['locks', 'inspect', 'trading', ...root]);
    expect(seen.json).toMatchObject({ status: 'warn', locks: [{ verdict: 'stale-reclaimable' }] });
    const freed = await tb(['locks', 'break', 'trading', ...root]);
    expect(freed.json).toMatchObject({ status: 'reclaimed', outcome: 'reclaimed' });
  });

  test('a name that is no database is wrong usage; no root is refused', async () => {
    const wrong = await tb(['locks', 'inspect', 'nope', '--json', '--root', template.root]);
    expect(wrong.exit).toBe(2);
    expect(wrong.json.error.code).toBe('BAD_OPTION');
    const none = await tb(['locks', '--json', '--root', folder.at('nowhere')]);
    expect(none.exit).toBe(3);
    expect(none.json.error.code).toBe('ROOT_NOT_INITIALISED');
  });
});

function ended(child: Awaited<ReturnType<typeof holdLock>>): Promise<NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.once('exit', (_code, signal) => resolve(signal));
  });
}
