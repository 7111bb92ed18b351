/** `pnpm bench rollover`: a whole trading date out of the live buffer, against a plain sorted copy of the same rows. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Session } from '@tb/calendar';
import { type LiveBuffer, LiveReader } from '@tb/live';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { random } from '@tb/simulator';
import { rollover } from '../src/rollover/rollover.ts';
import { median } from './queries/reference.ts';

interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: string;
  readonly detail?: string;
}

const DATE = '2026-02-02';
const SYMBOLS = 500;
const BATCH_ROWS = 4096;
const COPY = fileURLToPath(new URL('./children/sorted-copy.mjs', import.meta.url));
/** Of each the median is told. */
const COPIES = 3;

const execute = promisify(execFile);

/** Set to 1 for a date of 10 M ticks too: two minutes more, most of it to fill the live buffer. */
const LARGE = 'TB_BENCH_LARGE';

/** The rollover of 5 M ticks of 500 symbols: freeze, ticks and five timeframes, all gates, publication, clearing. */
export async function run(): Promise<BenchRow[]> {
  const rows = await rowsOf(5_000_000, ['<= 20', '<= 2']);
  return process.env[LARGE] === '1' ? [...rows, ...(await rowsOf(10_000_000))] : rows;
}

async function rowsOf(
  ticks: number,
  [goal, ratioGoal]: readonly string[] = [],
): Promise<BenchRow[]> {
  const { rolloverMs, copy, steps, peakMb } = await measure(ticks);
  const label = `${ticks / 1e6} M ticks`;
  const detail = `${SYMBOLS} symbols, ticks + 5 timeframes, all gates`;
  const name = `rollover of ${label}`;
  const rows: BenchRow[] = [
    { name, value: rolloverMs / 1000, unit: 's', ...(goal && { goal }), detail },
    {
      name: `${name} / plain sorted copy`,
      value: rolloverMs / copy.statementMs,
      unit: 'x',
      ...(ratioGoal && { goal: ratioGoal }),
      detail: `copy ${seconds(copy.statementMs)} s; ${shares(steps)}`,
    },
    {
      name: `${name} / the copy as a process`,
      value: rolloverMs / copy.processMs,
      unit: 'x',
      detail: `copy ${seconds(copy.processMs)} s, with the start of its process, as the rollover has one`,
    },
  ];
  if (peakMb === undefined) return rows;
  const memory = 'resident memory of the building process';
  return [...rows, { name: `${name}: peak`, value: peakMb, unit: 'MB', detail: memory }];
}

interface Measured {
  readonly rolloverMs: number;
  readonly copy: SortedCopy;
  readonly steps: readonly (readonly [string, number])[];
  /** Peak resident memory of the worker; undefined where the system does not tell. */
  readonly peakMb: number | undefined;
}

async function measure(ticks: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'tb-bench-rollover-'));
  try {
    const layout = layoutOf(join(folder, 'data'));
    await initialiseRoot(layout);
    await using manager = await DatabaseManager.open({
      root: layout.root,
      role: 'ingestor',
      exchanges: ['nse'],
    });
    const [live, calendar] = [manager.live('nse'), manager.calendarOf('nse')];
    const session = calendar.sessionOf(DATE);
    if (!session) throw new Error(`${DATE} has no session`);
    await fill(live, session, ticks);
    const copy = await sortedCopy(layout, folder, ticks);
    const steps: [string, number][] = [];
    let peakMb: number | undefined;
    const started = performance.now();
    const onStep = (step: string): void => {
      steps.push([step, performance.now() - started]);
      if (step === 'build gated') peakMb = workerPeakMb();
    };
    const { status } = await rollover({ tradingDate: DATE }, { layout, live, calendar, onStep });
    const rolloverMs = performance.now() - started;
    if (status !== 'promoted') throw new Error(`The rollover is ${status}`);
    return { rolloverMs, copy, steps, peakMb };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Peak resident memory of the rollover worker, a child of this process, as Linux tells it. */
function workerPeakMb(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '),
  );
  const isWorker = (pid: string): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('rollover-worker');
  const worker = children.find((pid) => pid !== '' && isWorker(pid));
  if (worker === undefined) return undefined;
  const peakKb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${worker}/status`, 'utf8'))?.[1];
  return peakKb === undefined ? undefined : Number(peakKb) / 1024;
}

/** Ticks in the order of arrival, a little out of order, and all of them sealed. */
async function fill(live: LiveBuffer, session: Session, ticks: number): Promise<void> {
  const rng = random(1);
  const span = Number(session.close - session.open);
  for (let from = 0; from < ticks; from += BATCH_ROWS) {
    const rows = Math.min(BATCH_ROWS, ticks - from);
    const price = Float64Array.from({ length: rows }, () => 100 + rng.below(4000) / 20);
    const ts = BigInt64Array.from({ length: rows }, (_value, row) => {
      const at = Math.max(0, from + row - rng.below(200)) / ticks;
      return session.open + BigInt(Math.floor((at * span) / 1e6)) * 1_000_000n;
    });
    await live.append({
      symbol: Array.from({ length: rows }, () => `NSE_EQ|BENCH${rng.below(SYMBOLS)}`),
      ts,
      price,
      volume: Float64Array.from({ length: rows }, () => rng.between(1, 100)),
      bid: price.map((value) => value - 0.05),
      ask: price.map((value) => value + 0.05),
    });
  }
  await live.seal(DATE);
}

/** How long a plain sorted copy takes, ms. */
interface SortedCopy {
  /** Its statement alone, in a process that has loaded the engine and attached the segments. */
  readonly statementMs: number;
  /** As a process of its own, which a rollover is too, from its start to its end. */
  readonly processMs: number;
}

/**
 * `CREATE TABLE AS ... ORDER BY` of the rows in the segments, with the threads that a build has, and twice its memory for 5 M rows:
 * with 10 M of them the copy, which has no slices, runs out of it.
 */
async function sortedCopy(layout: Layout, folder: string, ticks: number): Promise<SortedCopy> {
  using reader = LiveReader.open({ layout, exchange: 'nse' });
  const segments = reader.snapshot().segments.map(({ id, path }) => ({ id, path }));
  const target = join(folder, 'plain.duckdb');
  const memoryLimitMb = ticks > 5_000_000 ? 2048 : 512;
  const job = { segments, target, memoryLimitMb, spill: join(folder, 'spill') };
  const copies: SortedCopy[] = [];
  for (let copy = 0; copy < COPIES; copy++) {
    const started = performance.now();
    const { stdout } = await execute(process.execPath, [COPY, JSON.stringify(job)]);
    copies.push({ statementMs: Number(stdout), processMs: performance.now() - started });
    await rm(target);
  }
  return {
    statementMs: median(copies.map((one) => one.statementMs)),
    processMs: median(copies.map((one) => one.processMs)),
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** Where the time went: when each named step was reached, in s. */
function shares(steps: readonly (readonly [string, number])[]): string {
  const shown = [
    'attached ticks',
    'inserted ticks',
    'verified ticks',
    'attached 1m',
    'synced 1d',
    'gated',
  ];
  return steps
    .map(([step, ms]) => [step.replace('build ', ''), seconds(ms)] as const)
    .filter(([step]) => shown.includes(step))
    .map(([step, at]) => `${step} ${at}`)
    .join(', ');
}
