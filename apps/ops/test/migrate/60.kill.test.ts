import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { Manifest } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { type MigrateAnswer, migrate } from '../../src/migrate/migrate.ts';
import {
  CANDLES,
  candlesFrom,
  FILLS,
  freshRoot,
  queryFile,
  TICKS,
  USERS,
  writeLegacy,
} from './legacy.ts';

const CHILD = fileURLToPath(new URL('../children/migrate-killed.mjs', import.meta.url));

const SOURCE = [
  CANDLES,
  candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 60),
  TICKS,
  "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00' + INTERVAL (i) SECOND, 100, 1 FROM range(50) AS t(i)",
  "INSERT INTO live_ticks VALUES ('NSE_EQ|A', NULL, 1, 1)",
  USERS,
  "INSERT INTO users VALUES ('ann', 'h', 'admin', TIMESTAMP '2023-01-01'), ('ann', 'x', 'admin', TIMESTAMP '2023-01-01')",
  FILLS,
  "INSERT INTO trades VALUES ('t1', 's', TIMESTAMP '2023-01-02 04:00:00', 'NSE_EQ|A', 'BUY', 3, 10.5, 'FILLED', 0.1, '{\"a\": 12345678901234567890}'), ('t2', 's', TIMESTAMP '2023-01-02 05:00:00', 'NSE_EQ|A', 'SELL', 1, 10.7, 'FILLED', 0.1, NULL)",
  'CREATE TABLE backtest_runs (run_id VARCHAR, strategy_id VARCHAR, symbol VARCHAR, params VARCHAR, status VARCHAR, created_at TIMESTAMP)',
  "INSERT INTO backtest_runs VALUES ('r1', 's', 'NSE_EQ|A', '{\"n\": 1}', 'COMPLETED', TIMESTAMP '2023-02-01')",
  'CREATE TABLE backtest_equity (run_id VARCHAR, "timestamp" TIMESTAMP, equity DOUBLE)',
  "INSERT INTO backtest_equity VALUES ('r1', TIMESTAMP '2023-01-02 04:00:00', 100)",
  'CREATE TABLE my_notes (note VARCHAR)',
  "INSERT INTO my_notes VALUES ('a')",
];

/** Everything that a migration left behind, without what differs by time and chance. */
async function contentsOf(layout: Layout, answer: MigrateAnswer): Promise<unknown> {
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const files = snapshot
    .exchanges()
    .flatMap((exchange) => snapshot.revisionsOf(exchange, '2023-01-02'))
    .map((file) => [file.path, file.rows, file.revision, file.contentHash]);
  const { quarantineFile, archive, marketData: _counts, ...rest } = answer;
  return {
    files,
    users: await manager.read('config', (db) => db.selectFrom('users').selectAll().execute()),
    fills: await manager.read('trading', (db) =>
      db.selectFrom('trades').selectAll().orderBy('trade_id').execute(),
    ),
    positions: await manager.read('trading', (db) =>
      db.selectFrom('positions').selectAll().execute(),
    ),
    runs: await manager.read('index', (db) =>
      db
        .selectFrom('runs')
        .select(['run_id', 'state', 'symbols', 'path'])
        .orderBy('run_id')
        .execute(),
    ),
    quarantine: readFileSync(quarantineFile as string, 'utf8'),
    notes: await queryFile(archive.path, 'SELECT * FROM my_notes'),
    // What the gates found is told by the run that built the date.
    answer: { ...rest, findings: rest.findings.filter(({ kind }) => !kind.startsWith('gate')) },
  };
}

describe('a migration that is killed', () => {
  test('at each of its steps leaves nothing that the next run does not complete, to the row', async () => {
    using root = tempRoot('killed');
    const from = root.at('old.duckdb');
    await writeLegacy(from, SOURCE);
    const whole = await freshRoot(root.at('whole'));
    const steps: string[] = [];
    const expected = await contentsOf(
      whole,
      await migrate({ from }, { layout: whole, onStep: (step) => steps.push(step) }),
    );
    expect(steps.length).toBeGreaterThan(15);
    expect(new Set(steps).size).toBe(steps.length);

    // One root is killed at every second step in turn, another at the steps between: each run meets what the last one left.
    for (const parity of [0, 1]) {
      const layout = await freshRoot(root.at(`killed-${parity}`));
      for (const [at, step] of steps.entries()) {
        if (at % 2 !== parity) continue;
        const { signal, stdout } = spawnSync(process.execPath, [CHILD, from, layout.root, step], {
          encoding: 'utf8',
        });
        // A step that an earlier run has done for good does not come again, or the run was not killed at all.
        if (signal !== 'SIGKILL') expect(stdout.split('\n')).not.toContain(step);
      }
      const answer = await migrate({ from }, { layout });
      expect(await contentsOf(layout, { ...answer, status: 'migrated' })).toEqual(expected);
    }
  }, 300_000);
});
