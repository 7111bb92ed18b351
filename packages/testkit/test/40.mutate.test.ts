import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { judgeProcess, MUTATIONS, mutate, random, seedOf, tempRoot } from '@tb/testkit';
import Database from 'better-sqlite3';

const seed = seedOf();
const script = fileURLToPath(new URL('./children/judge-sqlite.mjs', import.meta.url));

function database(rows: number): Buffer {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  for (let id = 1; id <= rows; id += 1) insert.run(id, `row ${id} `.repeat(20));
  const bytes = db.serialize();
  db.close();
  return bytes;
}

describe(`mutations, seed ${seed}`, () => {
  const bytes = database(300);
  const donors = { other: database(10), older: database(299) };

  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    '%s changes the file, leaves the original alone, and is the same for the same seed',
    (_name, mutation) => {
      const before = Buffer.from(bytes);
      const once = mutate(mutation, bytes, random(seed), donors);
      expect(once).toBeDefined();
      expect(once?.equals(bytes)).toBe(false);
      expect(bytes.equals(before)).toBe(true);
      expect(mutate(mutation, bytes, random(seed), donors)?.equals(once as Buffer)).toBe(true);
    },
  );

  test('a mutation that cannot be applied gives nothing, not the same bytes', () => {
    const applied = MUTATIONS.filter(
      (mutation) => mutate(mutation, Buffer.alloc(0), random(1)) !== undefined,
    );
    expect(applied.map((mutation) => mutation.name)).toEqual(['extra-tail', 'text']);
  });
});

describe('the judge', () => {
  test('tells an answer, a rejection, a crash and a hang apart, and goes on after each', async () => {
    using root = tempRoot('judge');
    const path = root.at('a.db');
    writeFileSync(path, database(3));
    await using judge = judgeProcess([process.execPath, script]);
    const good = await judge.ask({ path }, 20_000);
    expect(good).toMatchObject({ kind: 'answered', value: { length: 3 } });
    expect(await judge.ask({ path: `${path}.missing` })).toMatchObject({
      kind: 'rejected',
      code: 'SQLITE_CANTOPEN',
    });
    expect(judge.starts).toBe(1);
    expect(await judge.ask({ path, behave: 'crash' })).toEqual({ kind: 'crashed', end: 'SIGSEGV' });
    expect(await judge.ask({ path, behave: 'hang' }, 300)).toEqual({ kind: 'hung' });
    expect(await judge.ask({ path }, 20_000)).toEqual(good);
    expect(judge.starts).toBe(3);
  });

  test('control: SQLite has no checksum, so that some mutated databases answer wrong, and it is seen', async () => {
    using root = tempRoot('judge');
    const bytes = database(300);
    const path = root.at('a.db');
    writeFileSync(path, bytes);
    await using judge = judgeProcess([process.execPath, script]);
    const right = JSON.stringify(await judge.ask({ path }, 20_000));
    const counts = { right: 0, wrong: 0, rejected: 0, crashed: 0, hung: 0 };
    const rng = random(seed);
    for (let i = 0; i < 400; i += 1) {
      const mutated = mutate(rng.pick(MUTATIONS), bytes, rng, { older: database(299) });
      if (mutated === undefined) continue;
      writeFileSync(path, mutated);
      const verdict = await judge.ask({ path });
      if (verdict.kind !== 'answered') counts[verdict.kind] += 1;
      else counts[JSON.stringify(verdict) === right ? 'right' : 'wrong'] += 1;
    }
    expect(counts.wrong).toBeGreaterThan(10);
    expect(counts.rejected).toBeGreaterThan(50);
    expect(counts.crashed + counts.hung).toBe(0);
  });
});
