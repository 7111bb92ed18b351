import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { SegmentStep } from '@tb/live';
import { LiveReader } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { Multiset, random, seedOf, tempRoot, tickKeys } from '@tb/testkit';
import { batchAt, DATE, EXCHANGE, NEXT } from './children/workload.mjs';

const childPath = (name: string): string =>
  fileURLToPath(new URL(`./children/${name}.mjs`, import.meta.url));

interface Run {
  readonly acked: number[];
  readonly done: boolean;
  readonly signal: string | null;
  readonly code: number | null;
  readonly stderr: string;
}

function start(name: string, options: object): ChildProcess {
  return fork(childPath(name), [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Runs a writer to its end, by whatever. The ledger is kept here: what the child knew dies with it. */
async function write(options: object, during?: (child: ChildProcess) => void): Promise<Run> {
  const child = start('writer', options);
  const acked: number[] = [];
  let done = false;
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('message', (message: { acked?: number; date?: string; done?: boolean }) => {
    if (message.acked !== undefined && message.date === DATE) acked.push(message.acked);
    if (message.done === true) done = true;
  });
  during?.(child);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { acked, done, signal, code, stderr };
}

/** Every row of a date that the live buffer holds, by following from the first seq. */
async function stored(root: string): Promise<{ seqs: bigint[]; rows: Multiset }> {
  const rows = new Multiset();
  const seqs: bigint[] = [];
  const reader = LiveReader.open({ layout: layoutOf(root), exchange: EXCHANGE });
  const through = reader.snapshot().seq;
  const stop = new AbortController();
  if (through > 0n)
    for await (const batch of reader.follow({ from: 1n, pollMs: 1, signal: stop.signal })) {
      const symbol = Array.from(batch.sid, (sid) => batch.symbolOf(sid));
      for (const key of tickKeys({ ...batch, symbol })) rows.add(key);
      seqs.push(...batch.seq);
      if (batch.watermark.seq >= through) stop.abort();
    }
  reader.close();
  return { seqs, rows };
}

function expected(seed: number, numbers: Iterable<number>): Multiset {
  const rows = new Multiset();
  for (const k of numbers) for (const key of tickKeys(batchAt(seed, k))) rows.add(key);
  return rows;
}

const SEGMENT_STEPS: readonly SegmentStep[] = [
  'reserved',
  'child_write',
  'child_checkpoint',
  'child_detach',
  'child_sha256',
  'child_fsync',
  'child_link',
  'child_fsync_dir',
  'child_done',
  'before_commit',
  'committed',
];

const STEPS: readonly string[] = [
  'flush.begin',
  'flush.before_commit',
  'flush.committed',
  ...SEGMENT_STEPS.map((step) => `seal.${step}`),
  // The child of a compaction takes the same steps: its first and last ones are enough here, the soak takes all.
  ...['reserved', 'child_write', 'child_link', 'child_done', 'before_commit', 'committed'].map(
    (step) => `compact.${step}`,
  ),
  'garbage.before_unlink',
  'garbage.unlinked',
];

describe('a writer that is killed', () => {
  test('at each named step loses no acknowledged row, stores none twice, and the next one goes on', async () => {
    using root = tempRoot('live-kill');
    const seed = seedOf();
    const acked = new Set<number>();
    let from = 0;
    for (const [index, step] of STEPS.entries()) {
      const kill = { step, count: step.startsWith('flush') ? 2 : 1 };
      // The first batch is one that was sent before: its numbers make it a repetition.
      const run = await write({
        root: root.path,
        seed,
        from,
        batches: 3,
        kill,
        synchronous: index % 2 === 0 ? 'full' : 'normal',
      });
      expect([step, run.signal, run.stderr]).toEqual([step, 'SIGKILL', '']);
      for (const k of run.acked) acked.add(k);
      from = Math.max(0, ...acked);
      const found = await stored(root.path);
      expect(found.seqs).toEqual(found.seqs.map((_, i) => BigInt(i + 1)));
      expect([...expected(seed, acked).minus(found.rows, 3).keys()]).toEqual([]);
      const sent = Array.from({ length: from + 4 }, (_, k) => k);
      expect([...found.rows.minus(expected(seed, sent), 3).keys()]).toEqual([]);
    }
    const last = await write({ root: root.path, seed, from, batches: 4, synchronous: 'full' });
    expect(last).toMatchObject({ done: true, code: 0, stderr: '' });
    const all = await stored(root.path);
    const complete = expected(
      seed,
      Array.from({ length: from + 4 }, (_, k) => k),
    );
    expect(all.rows.digest()).toBe(complete.digest());
    const names = readdirSync(layoutOf(root.path).segmentsDir(EXCHANGE));
    expect(names.filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    expect(existsSync(layoutOf(root.path).quarantine)).toBe(false);
  }, 600_000);

  test('while it freezes and clears a date has cleared it wholly or not at all', async () => {
    const seed = seedOf();
    for (const step of [
      'freeze.committed',
      'clear.before_commit',
      'clear.committed',
      'garbage.before_unlink',
    ]) {
      using root = tempRoot('live-clear');
      const work = {
        root: root.path,
        seed,
        from: 0,
        batches: 2,
        synchronous: 'full',
        finish: true,
      };
      const run = await write({ ...work, kill: { step, count: 1 } });
      expect([step, run.signal]).toEqual([step, 'SIGKILL']);
      const reader = LiveReader.open({ layout: layoutOf(root.path), exchange: EXCHANGE });
      const [day] = reader.snapshot().days;
      const isCleared = step !== 'freeze.committed' && step !== 'clear.before_commit';
      expect([step, day!.state, day!.rows > 0]).toEqual([
        step,
        isCleared ? 'cleared' : 'frozen',
        !isCleared,
      ]);
      reader.close();
      expect(await write({ ...work, batches: 0 })).toMatchObject({ done: true, stderr: '' });
      const after = LiveReader.open({ layout: layoutOf(root.path), exchange: EXCHANGE });
      const rows = batchAt(seed, 0, NEXT).symbol.length;
      expect(after.snapshot().days).toMatchObject([
        { state: 'cleared', rows: 0 },
        { tradingDate: NEXT, rows },
      ]);
      expect(after.snapshot().segments).toEqual([]);
      expect(readdirSync(layoutOf(root.path).segmentsDir(EXCHANGE))).toEqual([]);
      after.close();
    }
  }, 300_000);

  test('at random moments, beside readers that never fail and never see a step back', async () => {
    using root = tempRoot('live-random');
    const seed = seedOf();
    const rng = random(seed).fork('kills');
    const readers = [
      start('reader', { root: root.path, pauseMs: 0, deepEvery: 0 }),
      start('reader', { root: root.path, pauseMs: 5, deepEvery: 20 }),
    ];
    const reports = readers.map((reader) =>
      once(reader, 'message').then(([report]) => report as object),
    );
    const acked = new Set<number>();
    let from = 0;
    for (let round = 0; round < 6; round++) {
      const run = await write(
        {
          root: root.path,
          seed,
          from,
          batches: 10_000,
          synchronous: rng.pick(['full', 'normal']),
          pace: 1,
        },
        (child) => {
          child.once('message', () =>
            setTimeout(() => child.kill('SIGKILL'), rng.between(50, 900)),
          );
        },
      );
      expect([run.signal, run.stderr]).toEqual(['SIGKILL', '']);
      for (const k of run.acked) acked.add(k);
      from = Math.max(0, ...acked);
    }
    for (const reader of readers) reader.send('stop');
    for (const report of await Promise.all(reports))
      expect(report).toMatchObject({ reads: expect.any(Number) });
    const found = await stored(root.path);
    expect(found.seqs).toEqual(found.seqs.map((_, i) => BigInt(i + 1)));
    expect([...expected(seed, acked).minus(found.rows, 3).keys()]).toEqual([]);
    expect([
      ...found.rows
        .minus(
          expected(
            seed,
            Array.from({ length: from + 2 }, (_, k) => k),
          ),
          3,
        )
        .keys(),
    ]).toEqual([]);
  }, 300_000);
});
