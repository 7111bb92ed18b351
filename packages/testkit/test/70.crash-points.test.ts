import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { random, type StorageCall } from '@tb/testkit';
import { verdictOf } from '../src/bench-row.ts';
import { type Stretch, wholeModes } from '../src/coverage.ts';
import { crashPointsText } from '../src/crash-points.ts';
import { FAULT_MODES } from '../src/fault-mode.ts';
import { planOf } from '../src/fault-plan.ts';
import { MENDED } from '../src/mended.ts';
import { formatTable } from '../src/print-table.ts';
import {
  type FilesResult,
  readResult,
  type SavedLimits,
  type ScenarioResult,
} from '../src/results.ts';
import { samplePoints } from '../src/sample.ts';
import { kindsOf } from '../src/violation-kinds.ts';

const result: ScenarioResult = {
  scenario: 'rollover',
  commands: ['rollover'],
  faults: {
    scenario: 'rollover',
    seed: 7,
    operations: 405,
    points: { kill: 405, 'eio-once': 400 },
    tried: [
      { mode: 'kill', from: 1, to: 405, isEnd: true },
      { mode: 'eio-once', from: 1, to: 400, isEnd: false },
    ],
    compound: 12,
    deep: 5,
    unfired: [],
    violations: [{ replay: 'rollover:kill:9:7', call: 'fsync data/x', problem: 'a tick is lost' }],
  },
  deaths: {
    scenario: 'rollover',
    seed: 7,
    whole: 300,
    torn: 100,
    reruns: 80,
    violations: [{ after: 12, torn: true, problem: 'half a row' }],
  },
  powerCuts: {
    scenario: 'rollover',
    seed: 7,
    states: 50,
    violations: [{ model: 'strict', after: 3, problem: 'torn' }],
  },
  mutations: { seed: 7, files: 10, rejected: 9, right: 1, codes: {}, violations: [] },
  startedAt: '2026-02-02T00:00:00.000Z',
  durationMs: 90_000,
  commit: 'abc1234',
  node: 'v20.20.2',
};

const files: FilesResult = {
  families: [
    {
      ...{ family: 'day files', isSealed: true, files: 40, rejected: 39, right: 0 },
      ...{ foundByHealth: 0, unseen: 0, codes: { DAY_FILE_CORRUPT: 39 } },
      violations: [{ path: 'x.duckdb', mutation: 'cut', index: 5, problem: 'a wrong answer' }],
    },
  ],
  ...{ seed: 7, startedAt: '2026-02-02T00:00:00.000Z', durationMs: 60_000 },
  ...{ commit: 'abc1234', node: 'v20.20.2' },
};

describe('docs/crash-points.md', () => {
  test('counts what was tried beside what was found, and lists each violation with its replay', () => {
    const text = crashPointsText([result], [files], []);
    expect(text).toContain(
      '805 faults, 12 compound faults (5 of three in a row), 400 rebuilt deaths, 50 power-cut states, 40 damaged files, 0 runs with too\nlittle disk, memory or descriptors: **4 violations**',
    );
    expect(text).toContain(
      '| rollover | 405 | *405* | 0 | 400 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 805 | 12 | 400 | 50 | 3 |',
    );
    expect(text).toContain('| day files | yes | 40 | 39 | 0 | 0 | 0 | 1 |');
    expect(crashPointsText([result], [files, files], [])).toContain(
      '| day files | yes | 80 | 78 | 0 | 0 | 0 | 2 |',
    );
    expect(text).toContain(
      '- rollover, 1 times, first at `TB_FAULT=rollover:kill:9:7` (fsync data/x): a tick is lost',
    );
    expect(text).toContain('--states 25 --seed 7`, after 3 changes: power cut, strict names: torn');
    expect(text).toContain('- day files, cut of x.duckdb (seed 7, number 5): a wrong answer');
  });

  test('runs of one scenario add up, and are named', () => {
    const again = { ...result, faults: { ...result.faults, seed: 8 }, commit: 'def5678' };
    const text = crashPointsText([result, again], [], []);
    expect(text).toContain('1,610 faults, 24 compound faults (10 of three in a row)');
    expect(text).toContain('| 7, 8 | abc1234, def5678 |');
  });

  test('says None only when nothing was found', () => {
    const { deaths: _deaths, ...rest } = result;
    const faults = { ...result.faults, violations: [] };
    const clean = { ...rest, deaths: undefined, faults, powerCuts: undefined };
    expect(crashPointsText([clean], [], [])).toMatch(/## Open violations\n\nNone\./);
    expect(crashPointsText([clean], [files], [])).not.toContain('None.');
    expect(crashPointsText([result], [], [])).not.toContain('None.');
  });

  test('how a command ended under each limit, and what was found there', () => {
    const limits: SavedLimits = {
      scenario: 'rollover',
      ends: {
        'read-only disk': 'exit 3, Error: NO_SPACE',
        'memory 96 MB': 'SIGABRT, out of memory',
      },
      violations: [{ limit: 'memory 96 MB', problem: 'a tick is lost' }],
      ...{ startedAt: '2026-02-02T00:00:00.000Z', durationMs: 60_000 },
      ...{ commit: 'abc1234', node: 'v20.20.2' },
    };
    const text = crashPointsText([], [], [limits]);
    expect(text).toContain('| read-only disk | 3 |');
    expect(text).toContain('| memory 96 MB | ABRT |');
    expect(text).toContain('2 runs with too\nlittle disk, memory or descriptors: **1 violations**');
    expect(text).toContain(
      '- rollover, memory 96 MB (`pnpm faults limits rollover`): a tick is lost',
    );
    expect(crashPointsText([], [], [])).toContain('Not run yet: `pnpm faults limits`.');
  });

  test('every mended bug is a test that exists', () => {
    for (const { test: name, file } of MENDED) {
      const path = new URL(`../../../${file}`, import.meta.url);
      expect([name, readFileSync(path, 'utf8').includes(name)]).toEqual([name, true]);
    }
  });
});

describe('every call of a mode', () => {
  const piece = (tried: Stretch[], commit = 'abc1234', startedAt = '1'): ScenarioResult => ({
    ...result,
    ...{ commit, startedAt, faults: { ...result.faults, tried } },
  });
  const first: Stretch = { mode: 'kill', from: 1, to: 200, isEnd: false };
  const last: Stretch = { mode: 'kill', from: 201, to: 405, isEnd: true };

  test.each([
    ['one run to the end', [piece([{ ...last, from: 1 }])], ['kill']],
    ['a run that was ended early', [piece([first])], []],
    ['a run that began late', [piece([last])], []],
    ['two pieces, in any order', [piece([last]), piece([first])], ['kill']],
    [
      'the second piece ran into the end',
      [piece([{ ...first, to: 405 }]), piece([{ ...last, from: 406 }])],
      ['kill'],
    ],
    ['a call between two pieces is missing', [piece([{ ...first, to: 199 }]), piece([last])], []],
    ['pieces of two commits', [piece([first]), piece([last], 'def5678')], []],
    ['pieces of uncommitted code', [piece([first], 'a+', '1'), piece([last], 'a+', '2')], []],
    ['pieces of two modes', [piece([first]), piece([{ ...last, mode: 'torn' }])], []],
  ] as const)('%s', (_name, results, whole) => {
    expect([...wholeModes(results)]).toEqual(whole);
  });

  test('results of the older form are read: all modes to the end, or a sample', () => {
    const { tried: _tried, deep: _deep, ...faults } = result.faults;
    const old = (exhaustive: boolean) => readResult({ ...result, faults, exhaustive });
    expect([...wholeModes([old(true)])]).toEqual(FAULT_MODES);
    expect([...wholeModes([old(false)])]).toEqual([]);
    expect(readResult(result)).toEqual(result);
    expect(old(true).faults.deep).toBe(0);
    expect(crashPointsText([old(true)], [], [])).toContain('| `tb rollover` | yes | 7 |');
    expect(crashPointsText([result], [], [])).toContain('| `tb rollover` | kill | 7 |');
  });
});

describe('the plan of pnpm faults', () => {
  const values = {
    from: '1',
    compound: '0',
    depth: '2',
    deaths: '0',
    states: '0',
    files: '0',
    seed: '7',
  };

  test('takes the modes that make something fail when none is named', () => {
    expect(planOf(values)).toMatchObject({ modes: FAULT_MODES, from: 1, to: undefined, seed: 7 });
    expect(planOf({ ...values, mode: ['clock-back'], from: '3', to: '3' })).toMatchObject({
      modes: ['clock-back'],
      from: 3,
      to: 3,
    });
  });

  test.each([
    [{ from: '0' }, /--from/],
    [{ from: '5', to: '4' }, /--to is not before --from: 4 is before 5/],
    [{ to: 'x' }, /--to is a whole number, not x/],
    [{ mode: ['boom'] }, /No mode boom/],
    [{ depth: '1' }, /--depth is the number of faults in a row, from 2/],
  ])('refuses %j', (wrong, message) => {
    expect(() => planOf({ ...values, ...wrong })).toThrow(message);
  });
});

describe('kinds of violations', () => {
  test('one mistake at many points is one line, with its count and the first point', () => {
    const found = [
      { at: 'a', problem: '12 of 40 ticks are lost in /tmp/tb-x1/work/data' },
      { at: 'b', problem: '3 of 40 ticks are lost in /tmp/tb-x2/work/data' },
      { at: 'c', problem: 'hang' },
    ];
    expect(kindsOf(found)).toEqual([
      { problem: 'N of N ticks are lost in data', count: 2, first: 'a' },
      { problem: 'hang', count: 1, first: 'c' },
    ]);
  });
});

describe('bench rows', () => {
  test.each([
    ['>= 0.80', 0.8, 'met'],
    ['>= 250,000', 249_999, 'missed'],
    ['<= 1.3', 1.31, 'missed'],
    ['<= 20 MB', 16.1, 'met'],
    ['= 0 errors', 1, 'missed'],
    ['< 5', 5, 'missed'],
    ['0 errors', 5, ''],
    [undefined, 5, ''],
    ['as fast as before', 5, ''],
  ] as const)('goal %p, value %p: %p', (goal, value, verdict) => {
    expect(verdictOf({ name: 'x', value, unit: '', goal })).toBe(verdict);
  });

  test('a table is aligned, numbers to the right', () => {
    expect(
      formatTable(
        ['name', 'n'],
        [
          ['a', '1'],
          ['long', '1,000'],
        ],
      ),
    ).toBe('name      n\na         1\nlong  1,000');
  });
});

describe('samples', () => {
  const calls = Array.from(
    { length: 100 },
    (_, i): StorageCall => ({
      number: i + 1,
      eligible: i + 1,
      name: i % 10 === 5 ? 'fsync' : 'pwrite',
      path: 'x',
      path2: '',
      size: 1,
      pid: 1,
      tid: 1,
    }),
  );

  test('hold the ends and every fsync before anything else, and are the same for the same seed', () => {
    const chosen = samplePoints(calls, 40, random(1));
    expect(chosen).toEqual(samplePoints(calls, 40, random(1)));
    expect(chosen).toHaveLength(40);
    expect(chosen).toEqual(
      expect.arrayContaining([1, 2, 3, 98, 99, 100, 6, 16, 26, 36, 46, 56, 66, 76, 86, 96]),
    );
  });

  test('are everything when there is room', () => {
    expect(samplePoints(calls, 1000, random(1))).toHaveLength(100);
  });
});
