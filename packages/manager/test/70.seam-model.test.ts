import { describe, expect, test } from '@jest/globals';
import type { FileEntry, ManifestSnapshot } from '@tb/history';
import type { LiveSnapshot, SegmentEntry, TickChunk } from '@tb/live';
import { planSources } from '../src/market/plan-sources.ts';

/**
 * Every interleaving of a writer that appends, seals, compacts, publishes, clears and deletes files at once, with two
 * reads. The choice of sources is the product's own `planSources`; the order of the reader's steps is what is tried.
 */

interface Segment {
  readonly path: string;
  readonly date: string;
  readonly rows: readonly number[];
}

/** Everything there is after some steps of the writer. */
interface World {
  readonly committed: readonly number[];
  readonly tail: readonly { readonly date: string; readonly row: number }[];
  readonly segments: readonly Segment[];
  readonly catalogVersion: number;
  readonly published: Readonly<Record<string, readonly number[]>>;
  readonly manifestVersion: number;
  readonly files: ReadonlySet<string>;
}

const [D1, D2] = ['2026-02-02', '2026-02-03'];
const START: World = {
  committed: [],
  tail: [],
  segments: [],
  catalogVersion: 0,
  published: {},
  manifestVersion: 0,
  files: new Set(),
};

type Step = (world: World) => World;
const append =
  (date: string, row: number): Step =>
  (world) => ({
    ...world,
    committed: [...world.committed, row],
    tail: [...world.tail, { date, row }],
  });
const seal =
  (path: string, date: string): Step =>
  (world) => ({
    ...world,
    segments: [
      ...world.segments,
      { path, date, rows: world.tail.filter((t) => t.date === date).map((t) => t.row) },
    ],
    tail: world.tail.filter((t) => t.date !== date),
    catalogVersion: world.catalogVersion + 1,
    files: new Set([...world.files, path]),
  });
const compact =
  (path: string, date: string): Step =>
  (world) => ({
    ...world,
    segments: [
      ...world.segments.filter((segment) => segment.date !== date),
      { path, date, rows: world.segments.filter((s) => s.date === date).flatMap((s) => s.rows) },
    ],
    catalogVersion: world.catalogVersion + 1,
    files: new Set([...world.files, path]),
  });
const unlink =
  (...paths: readonly string[]): Step =>
  (world) => ({
    ...world,
    files: new Set([...world.files].filter((path) => !paths.includes(path))),
  });
const freeze: Step = (world) => world;
const publish =
  (date: string): Step =>
  (world) => {
    const rows = [
      ...world.segments
        .filter((segment) => segment.date === date)
        .flatMap((segment) => segment.rows),
      ...world.tail.filter((t) => t.date === date).map((t) => t.row),
    ];
    return {
      ...world,
      published: { ...world.published, [date]: rows },
      manifestVersion: world.manifestVersion + 1,
      files: new Set([...world.files, `day ${date}`]),
    };
  };
const clear =
  (date: string): Step =>
  (world) => ({
    ...world,
    tail: world.tail.filter((t) => t.date !== date),
    segments: world.segments.filter((segment) => segment.date !== date),
    catalogVersion: world.catalogVersion + 1,
  });

const STEPS: readonly Step[] = [
  append(D1, 1),
  append(D1, 2),
  seal('s1', D1),
  append(D1, 3),
  seal('s2', D1),
  compact('s3', D1),
  unlink('s1', 's2'),
  append(D1, 4),
  append(D2, 5),
  freeze,
  publish(D1),
  append(D2, 6),
  clear(D1),
  unlink('s3'),
  append(D2, 7),
  seal('s4', D2),
  append(D2, 8),
];
/** The rollover that clears first and publishes later: the order that lost half a day. */
const CLEAR_FIRST: readonly Step[] = STEPS.map((step, index) =>
  index === 10 ? clear(D1) : index === 12 ? publishRows(D1, [1, 2, 3, 4]) : step,
);

function publishRows(date: string, rows: readonly number[]): Step {
  return (world) => ({
    ...world,
    published: { ...world.published, [date]: rows },
    manifestVersion: world.manifestVersion + 1,
    files: new Set([...world.files, `day ${date}`]),
  });
}

function worldsOf(steps: readonly Step[]): readonly World[] {
  const worlds = [START];
  for (const step of steps) worlds.push(step(worlds.at(-1) as World));
  return worlds;
}

type Origin = 'live' | 'manifest' | 'segments' | 'tail';
/** The order in which a reader looks; `live` is segments and tail in one transaction. */
type ReadOrder = readonly Origin[];

interface Outcome {
  readonly rows: readonly number[];
  readonly missingFile: boolean;
  /** What must be in the answer: committed at the first look. */
  readonly owed: readonly number[];
  readonly versions: readonly [number, number];
}

const NS = { [D1]: 1_770_000_000_000_000_000n, [D2]: 1_770_086_400_000_000_000n } as Record<
  string,
  bigint
>;
const REQUEST = { exchange: 'nse', kind: 'ticks', from: 0n, to: 2n ** 62n } as const;

function liveOf(segments: World, tail: World): LiveSnapshot {
  const dates = [
    ...new Set([...segments.segments.map((s) => s.date), ...tail.tail.map((t) => t.date)]),
  ];
  const place = (date: string) => ({
    tradingDate: date,
    minTs: NS[date] as bigint,
    maxTs: NS[date] as bigint,
  });
  return {
    days: dates.map((tradingDate) => ({ tradingDate, state: 'open' })),
    segments: segments.segments.map((s) => ({ ...place(s.date), path: s.path }) as SegmentEntry),
    tail: tail.tail.map((t) => ({ ...place(t.date), firstSeq: BigInt(t.row) }) as TickChunk),
  } as unknown as LiveSnapshot;
}

function manifestOf(world: World): ManifestSnapshot {
  const files = Object.keys(world.published).map(
    (tradingDate) =>
      ({
        exchange: 'nse',
        kind: 'ticks',
        timeframe: '',
        tradingDate,
        minTs: NS[tradingDate],
        maxTs: NS[tradingDate],
      }) as FileEntry,
  );
  return {
    plan: () => ({ months: [], days: files, tradingDates: Object.keys(world.published) }),
    revisionsOf: (_exchange: string, date: string) =>
      files.filter((file) => file.tradingDate === date),
  } as unknown as ManifestSnapshot;
}

/** One look: the worlds that its parts saw, and the world in which files are attached. */
function lookAt(worlds: readonly World[], order: ReadOrder, at: readonly number[]): Outcome {
  const seenAt = (origin: Origin): World => {
    const index = order.indexOf(origin);
    return worlds[at[index >= 0 ? index : order.indexOf('live')] as number] as World;
  };
  const [segments, tail, manifest] = [seenAt('segments'), seenAt('tail'), seenAt('manifest')];
  const files = (worlds[at[order.length] as number] as World).files;
  const plan = planSources(REQUEST, liveOf(segments, tail), manifestOf(manifest));
  const wanted = [
    ...plan.days.map((day) => `day ${day.tradingDate}`),
    ...plan.segments.map((s) => s.path),
  ];
  const rows = [
    ...plan.days.flatMap((day) => manifest.published[day.tradingDate] ?? []),
    ...plan.segments.flatMap(
      (s) => segments.segments.find(({ path }) => path === s.path)?.rows ?? [],
    ),
    ...[...plan.tails.values()].flat().map((chunk) => Number(chunk.firstSeq)),
  ];
  return {
    rows,
    missingFile: wanted.some((path) => !files.has(path)),
    owed: (worlds[at[0] as number] as World).committed,
    versions: [segments.catalogVersion, manifest.manifestVersion],
  };
}

interface Findings {
  interleavings: number;
  twice: number;
  missed: number;
  backward: number;
  errors: number;
  retriesMax: number;
}

/** Tries two reads, one after the other, with every step of theirs between every two steps of the writer. */
function explore(steps: readonly Step[], order: ReadOrder): Findings {
  const worlds = worldsOf(steps);
  const looks = new Map<string, Outcome>();
  const look = (at: readonly number[]): Outcome => {
    const key = at.join();
    const outcome = looks.get(key) ?? lookAt(worlds, order, at);
    looks.set(key, outcome);
    return outcome;
  };
  const found: Findings = {
    interleavings: 0,
    twice: 0,
    missed: 0,
    backward: 0,
    errors: 0,
    retriesMax: 0,
  };
  const positions = (
    from: number,
    count: number,
    use: (at: readonly number[]) => void,
    at: number[] = [],
  ): void => {
    if (at.length === count) use(at);
    else
      for (let next = from; next < worlds.length; next++)
        positions(next, count, use, [...at, next]);
  };
  const read = (
    from: number,
    attempt: number,
    lost: Outcome | undefined,
    done: (outcome: Outcome, at: number) => void,
  ): void =>
    positions(from, order.length + 1, (at) => {
      const outcome = look(at);
      found.retriesMax = Math.max(found.retriesMax, attempt);
      const hasMoved = !lost || lost.versions.join() !== outcome.versions.join();
      if (!hasMoved || (outcome.missingFile && attempt === 3)) {
        found.errors += 1;
        found.interleavings += 1;
      } else if (outcome.missingFile) read(at[order.length] as number, attempt + 1, outcome, done);
      else done(outcome, at[order.length] as number);
    });
  const judge = (outcome: Outcome): void => {
    if (new Set(outcome.rows).size !== outcome.rows.length) found.twice += 1;
    if (outcome.owed.some((row) => !outcome.rows.includes(row))) found.missed += 1;
  };
  read(0, 0, undefined, (first, at) => {
    judge(first);
    read(at, 0, undefined, (second) => {
      judge(second);
      found.interleavings += 1;
      if (first.rows.some((row) => !second.rows.includes(row))) found.backward += 1;
    });
  });
  return found;
}

describe('the seam, every interleaving of 17 writer steps with two reads', () => {
  test('live, manifest, attach, retry: no row twice, none missed, none gone again, no error', () => {
    const found = explore(STEPS, ['live', 'manifest']);
    expect(found).toMatchObject({ twice: 0, missed: 0, backward: 0, errors: 0 });
    expect(found.interleavings).toBeGreaterThan(100_000);
    expect(found.retriesMax).toBeLessThanOrEqual(2);
    expect(found.retriesMax).toBeGreaterThan(0); // the model does delete files under the reader
  });

  test('control: the manifest first loses rows', () => {
    expect(explore(STEPS, ['manifest', 'live']).missed).toBeGreaterThan(0);
  });

  test('control: segments and tail in two transactions lose rows, or give them twice', () => {
    const segmentsFirst = explore(STEPS.slice(0, 9), ['segments', 'tail', 'manifest']);
    expect(segmentsFirst.missed).toBeGreaterThan(0);
    const tailFirst = explore(STEPS.slice(0, 9), ['tail', 'segments', 'manifest']);
    expect(tailFirst.twice).toBeGreaterThan(0);
  });

  test('control: a rollover that clears the live buffer before it publishes loses rows', () => {
    expect(explore(CLEAR_FIRST, ['live', 'manifest']).missed).toBeGreaterThan(0);
  });
});
