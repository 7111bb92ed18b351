import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  inspectLock,
  type OpenSqliteDatabase,
  openSqlite,
  sqliteGuard,
  WriterLock,
} from '@tb/locks';
import { tempRoot } from '@tb/testkit';

/** One figure of `pnpm bench`. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: string;
  readonly detail?: string;
}

const purpose = 'bench';

/** The figures of docs/locks.md, 8. About 20 s. */
export async function run(): Promise<BenchRow[]> {
  return [
    ...(await acquisitions('NORMAL', '<= 1')),
    ...(await acquisitions('FULL', '<= 3')),
    guardAlone(),
    ...(await inspections()),
    fence(),
    ...(await takeovers()),
  ];
}

/** Milliseconds, sorted. */
class Samples {
  readonly #values: number[] = [];

  async time<T>(work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#values.push(performance.now() - start);
    return result;
  }

  quantile(q: number): number {
    const sorted = [...this.#values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  }

  describe(): string {
    const max = this.quantile(1).toFixed(2);
    return `p99 ${this.quantile(0.99).toFixed(2)}, max ${max}, n ${this.#values.length}`;
  }
}

function store(path: string, synchronous: string): OpenSqliteDatabase {
  const db = openSqlite(path);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.exec('CREATE TABLE IF NOT EXISTS t (x INTEGER)');
  return db;
}

async function acquisitions(synchronous: string, goal: string): Promise<BenchRow[]> {
  using root = tempRoot('bench');
  const db = store(root.at('store.db'), synchronous);
  const acquire = new Samples();
  const release = new Samples();
  for (let i = 0; i < 400; i++) {
    const lock = await acquire.time(() => WriterLock.acquire(root.path, { purpose, fence: db }));
    await release.time(() => lock.release());
  }
  const cycles = performance.now();
  for (let i = 0; i < 100; i++)
    await (await WriterLock.acquire(root.path, { purpose, fence: db })).release();
  const cyclesMs = performance.now() - cycles;
  db.close();
  const name = `store ${synchronous}`;
  return [
    row(`acquire with epoch p50, ${name}`, acquire.quantile(0.5), 'ms', goal, acquire.describe()),
    row(`release p50, ${name}`, release.quantile(0.5), 'ms', '<= 0.5', release.describe()),
    row(`100 cycles, ${name}`, cyclesMs, 'ms', synchronous === 'NORMAL' ? '<= 150' : undefined),
  ];
}

function guardAlone(): BenchRow {
  using root = tempRoot('bench');
  const path = root.at('guard');
  const times: number[] = [];
  for (let i = 0; i < 2_000; i++) {
    const guard = sqliteGuard();
    const start = performance.now();
    guard.tryAcquire(path);
    times.push((performance.now() - start) * 1_000);
    guard.close();
  }
  return row('guard alone p50', median(times), 'us', '<= 50', `n ${times.length}`);
}

async function inspections(): Promise<BenchRow[]> {
  using root = tempRoot('bench');
  await using holder = await startHolder(root.path);
  const held = await inspectTimes(root.path);
  await holder.stop();
  const dead = await inspectTimes(root.path);
  await (await WriterLock.acquire(root.path, { purpose })).release();
  const free = await inspectTimes(root.path);
  return [
    row('inspect p50, held', median(held), 'us', '<= 100', `n ${held.length}`),
    row('inspect p50, holder dead', median(dead), 'us', '<= 100', `n ${dead.length}`),
    row('inspect p50, free', median(free), 'us', '<= 100', `n ${free.length}`),
  ];
}

async function inspectTimes(dir: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < 2_000; i++) {
    const start = performance.now();
    await inspectLock(dir);
    times.push((performance.now() - start) * 1_000);
  }
  return times;
}

/** What the check adds to a transaction: the same transactions without and with it, in turns. */
function fence(): BenchRow {
  using root = tempRoot('bench');
  const db = store(root.at('store.db'), 'OFF');
  const key = { epoch: 1, token: 'bench' };
  db.exec('CREATE TABLE writer_fence (id INTEGER PRIMARY KEY, epoch INTEGER, token TEXT)');
  db.exec("INSERT INTO writer_fence VALUES (1, 1, 'bench')");
  const begin = db.prepare('BEGIN IMMEDIATE');
  const select = db.prepare('SELECT epoch, token FROM writer_fence WHERE id = 1');
  const insert = db.prepare('INSERT INTO t VALUES (1)');
  const commit = db.prepare('COMMIT');
  const batch = (checked: boolean): number => {
    const start = performance.now();
    for (let i = 0; i < 20_000; i++) {
      begin.run();
      if (checked) {
        const stored = select.get() as typeof key;
        if (stored.epoch !== key.epoch || stored.token !== key.token) throw new Error('fenced');
      }
      insert.run();
      commit.run();
    }
    return ((performance.now() - start) / 20_000) * 1_000;
  };
  batch(true);
  const added = Array.from({ length: 7 }, () => batch(true) - batch(false));
  db.close();
  return row('fence per transaction', median(added), 'us', '<= 2', 'difference, median of 7 pairs');
}

/** From SIGKILL to the grant, with a contender that polls. */
async function takeovers(): Promise<BenchRow[]> {
  using root = tempRoot('bench');
  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    await using holder = await startHolder(root.path);
    const waiting = WriterLock.acquire(root.path, { purpose, waitMs: 10_000 });
    const start = performance.now();
    holder.child.kill('SIGKILL');
    const lock = await waiting;
    times.push(performance.now() - start);
    await lock.release();
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => times[Math.min(99, Math.floor(q * 100))] ?? Number.NaN;
  return [
    row('takeover after kill -9 p99', at(0.99), 'ms', '<= 60', `p50 ${at(0.5).toFixed(1)}, n 100`),
  ];
}

interface Holder extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  stop(): Promise<void>;
}

async function startHolder(dir: string): Promise<Holder> {
  const script = fileURLToPath(new URL('../test/children/puppet.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify({ dir })]);
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  child.stdin.write('{"id":1,"verb":"acquire"}\n');
  await once(lines, 'line');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  return { child, stop, [Symbol.asyncDispose]: stop };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function row(name: string, value: number, unit: string, goal?: string, detail?: string): BenchRow {
  return {
    name,
    value,
    unit,
    ...(goal === undefined ? {} : { goal }),
    ...(detail === undefined ? {} : { detail }),
  };
}
