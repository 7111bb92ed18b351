import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LiveReader, type SegmentStep } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { type BenchRow, Multiset, type Random, random, tempRoot, tickKeys } from '@tb/testkit';
import { batchAt, DATE, EXCHANGE } from '../test/children/workload.mjs';

const READERS = [
  { pauseMs: 0, deepEvery: 0 },
  { pauseMs: 0, deepEvery: 5_000 },
  { pauseMs: 2, deepEvery: 200 },
  { pauseMs: 20, deepEvery: 10 },
];
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
const STEPS = [
  'flush.begin',
  'flush.before_commit',
  'flush.committed',
  ...SEGMENT_STEPS.flatMap((step) => [`seal.${step}`, `compact.${step}`]),
  'garbage.before_unlink',
  'garbage.unlinked',
];
/** A day of so many batches; then the next root, so that the checks stay short. */
const ROUNDS_A_ROOT = 10;

interface Report {
  readonly reads?: number;
  readonly fresh?: number;
  readonly deep?: number;
  readonly restarts?: number;
  readonly wrong?: string;
}

interface Totals {
  kills: number;
  acked: number;
  reads: number;
  fresh: number;
  deep: number;
  restarts: number;
}

function start(name: string, options: object): ChildProcess {
  const path = fileURLToPath(new URL(`../test/children/${name}.mjs`, import.meta.url));
  return fork(path, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Runs a writer until it is killed: at a named step, or after a random time. Returns the batches it was acked. */
async function killedWriter(
  root: string,
  seed: number,
  from: number,
  rng: Random,
): Promise<number[]> {
  const atStep = rng.chance(0.5);
  const kill = atStep ? { step: rng.pick(STEPS), count: rng.between(1, 3) } : undefined;
  const synchronous = rng.pick(['full', 'normal']);
  const child = start('writer', { root, seed, from, batches: 1e6, kill, synchronous, pace: 1 });
  const acked: number[] = [];
  child.on('message', (message: { acked?: number; ready?: boolean }) => {
    if (message.acked !== undefined) acked.push(message.acked);
    // A step that does not come in time is a random kill after all.
    if (message.ready)
      setTimeout(() => child.kill('SIGKILL'), atStep ? 4_000 : rng.between(20, 1_500));
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`The writer ended by itself with exit code ${code}`);
  return acked;
}

/** Everything in the buffer against the ledger: acked <= present <= sent, each seq once. */
async function check(root: string, seed: number, acked: ReadonlySet<number>): Promise<void> {
  using reader = LiveReader.open({ layout: layoutOf(root), exchange: EXCHANGE });
  const through = reader.snapshot().seq;
  const present = new Multiset();
  const stop = new AbortController();
  let next = 1n;
  if (through > 0n)
    for await (const batch of reader.follow({ from: 1n, signal: stop.signal })) {
      for (const seq of batch.seq)
        if (seq !== next++) throw new Error(`seq ${seq} follows ${next - 2n}`);
      const symbol = Array.from(batch.sid, (sid) => batch.symbolOf(sid));
      for (const key of tickKeys({ ...batch, symbol })) present.add(key);
      if (batch.watermark.seq >= through) stop.abort();
    }
  const rows = (numbers: Iterable<number>): Multiset => {
    const all = new Multiset();
    for (const k of numbers) for (const key of tickKeys(batchAt(seed, k))) all.add(key);
    return all;
  };
  const lost = rows(acked).minus(present, 3);
  if (lost.size > 0) throw new Error(`Acknowledged rows are lost: ${[...lost.keys()].join('; ')}`);
  const last = Math.max(-1, ...acked);
  const surplus = present.minus(rows(Array.from({ length: last + 2 }, (_, k) => k)), 3);
  if (surplus.size > 0) throw new Error(`Rows are doubled: ${[...surplus.keys()].join('; ')}`);
}

/** Some rounds in one root, beside four readers. */
async function oneRoot(
  seed: number,
  rng: Random,
  rounds: number,
  endMs: number,
  totals: Totals,
): Promise<void> {
  using root = tempRoot('live-soak');
  const readers = READERS.map((options) => start('reader', { root: root.path, ...options }));
  const reports = readers.map((reader) =>
    once(reader, 'message').then(([report]) => report as Report),
  );
  const acked = new Set<number>();
  for (let round = 0; round < rounds && performance.now() < endMs; round++) {
    const from = Math.max(0, ...acked);
    for (const k of await killedWriter(root.path, seed, from, rng)) acked.add(k);
    totals.kills++;
  }
  for (const reader of readers) if (reader.connected) reader.send('stop');
  for (const report of await Promise.all(reports)) {
    if (report.wrong !== undefined) throw new Error(`A reader: ${report.wrong}`);
    totals.reads += report.reads ?? 0;
    totals.fresh += report.fresh ?? 0;
    totals.deep += report.deep ?? 0;
    totals.restarts += report.restarts ?? 0;
  }
  await check(root.path, seed, acked);
  totals.acked += acked.size;
  const temporary = readdirSync(layoutOf(root.path).segmentsDir(EXCHANGE)).filter((name) =>
    name.startsWith('.tmp-'),
  );
  if (temporary.length > 4) throw new Error(`Temporary files pile up: ${temporary.join()}`);
}

/**
 * Kills a writer of `DATE` again and again, at random moments and at named steps, beside readers that check every
 * snapshot. Throws at the first lost, doubled or reordered row, failed read, or step back.
 *
 * @param options `rounds`: kills; without it the time decides.
 */
export async function run(options: {
  minutes: number;
  seed: number;
  rounds: number | undefined;
}): Promise<BenchRow[]> {
  const { minutes, seed, rounds = Number.POSITIVE_INFINITY } = options;
  const rng = random(seed).fork(`live soak ${DATE}`);
  const totals: Totals = { kills: 0, acked: 0, reads: 0, fresh: 0, deep: 0, restarts: 0 };
  const endMs = performance.now() + minutes * 60_000;
  for (let part = 0; totals.kills < rounds && performance.now() < endMs; part++) {
    const left = Math.min(ROUNDS_A_ROOT, rounds - totals.kills);
    await oneRoot(seed + part, rng, left, endMs, totals);
    process.stderr.write(`${totals.kills} kills, ${totals.reads} reads\n`);
  }
  return [
    { name: 'kills -9', value: totals.kills, unit: '', detail: 'half of them at a named step' },
    { name: 'acknowledged batches', value: totals.acked, unit: '' },
    { name: 'lost or doubled rows', value: 0, unit: '' },
    {
      name: 'live reads',
      value: totals.reads,
      unit: '',
      detail: '0 errors, 0 steps back',
    },
    { name: 'reads that saw a new commit, each checked', value: totals.fresh, unit: '' },
    {
      name: 'reads of every row',
      value: totals.deep,
      unit: '',
      detail: `${totals.restarts} started again`,
    },
  ];
}
