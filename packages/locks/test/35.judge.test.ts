import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DirectoryLook, type Judgement, judge } from '../src/judge.ts';
import type { Identity } from '../src/machine.ts';
import type { ProcessLook } from '../src/platform.ts';
import type { RecordRead, WriterRecord } from '../src/record.ts';
import { machineWith } from './machines.ts';

const NOW = Date.parse('2026-02-02T04:00:00Z');
const self: Identity = {
  pid: 500,
  host: 'vm',
  machineId: 'm1',
  bootId: 'b1',
  pidNs: 'pid:[1]',
  startTime: '900',
};
const held: WriterRecord = {
  ...self,
  pid: 400,
  startTime: '800',
  threadId: 0,
  token: 'theirs',
  epoch: 3,
  state: 'held',
  acquiredAt: '2026-02-02T03:45:00.000Z',
  releasedAt: null,
  purpose: 'ingestor',
  script: 'ingest.js',
};
const alive: ProcessLook = { exists: 'yes', state: 'S', startTime: '800' };
const silent = (ms: number): DirectoryLook => ({ mtimeMs: NOW - ms });

function verdict(
  record: RecordRead,
  directory: DirectoryLook,
  look: ProcessLook = alive,
  own: Identity = self,
): Judgement {
  return judge(record, directory, own, machineWith({ nowMs: () => NOW, process: () => look }));
}

describe('no record, a damaged or a released one', () => {
  test('without a directory is free', () => {
    for (const record of [undefined, 'damaged', { ...held, state: 'released' }] as RecordRead[])
      expect(verdict(record, undefined)).toEqual({ kind: 'free' });
  });

  test.each([undefined, 'damaged', { ...held, state: 'released' }] as RecordRead[])(
    'with a directory is an unknown owner, fresh or old',
    (record) => {
      const unknown = { kind: 'unproven', reason: 'other-tool', quietMs: 12_000 };
      expect(verdict(record, silent(1_000))).toEqual({ ...unknown, looksQuiet: false });
      expect(verdict(record, silent(13_000))).toEqual({ ...unknown, looksQuiet: true });
    },
  );

  test('a directory from the future (clock set back by an hour) must be watched', () => {
    expect(verdict(undefined, silent(-3_600_000))).toMatchObject({ looksQuiet: true });
    expect(verdict(undefined, silent(-900))).toMatchObject({ looksQuiet: false });
  });
});

describe('same boot, same pid namespace', () => {
  test('a process that is there is alive, whatever the heartbeat says', () => {
    for (const directory of [undefined, silent(0), silent(1e9), silent(-1e9)])
      expect(verdict(held, directory)).toEqual({ kind: 'alive' });
  });

  test('clock 12 s ahead, or an hour back: the heartbeat of a live process does not count', () => {
    expect(verdict(held, silent(12_000))).toEqual({ kind: 'alive' });
    expect(verdict(held, silent(-3_600_000))).toEqual({ kind: 'alive' });
  });

  test('dead: missing, a zombie, or another start time', () => {
    const looks: ProcessLook[] = [
      { exists: 'no', state: null, startTime: null },
      { exists: 'yes', state: 'Z', startTime: '800' },
      { exists: 'yes', state: 'X', startTime: '800' },
      { exists: 'yes', state: 'S', startTime: '801' },
    ];
    for (const look of looks) expect(verdict(held, silent(0), look).kind).toBe('dead');
  });

  test('hidden in /proc (hidepid=2) or unreadable: alive', () => {
    expect(verdict(held, silent(1e9), { exists: 'yes', state: null, startTime: null }).kind).toBe(
      'alive',
    );
    expect(
      verdict(held, silent(1e9), { exists: 'unknown', state: null, startTime: null }).kind,
    ).toBe('alive');
    expect(verdict({ ...held, startTime: null }, silent(1e9)).kind).toBe('alive');
  });

  test('stopped is alive', () => {
    expect(verdict(held, silent(1e9), { exists: 'yes', state: 'T', startTime: '800' }).kind).toBe(
      'alive',
    );
  });
});

describe('same boot, other pid namespace', () => {
  const other = { ...held, pidNs: 'pid:[2]' };

  test('a heartbeat within 5 s refuses; an older one proves it dead at once: same clock', () => {
    expect(verdict(other, silent(4_900))).toEqual({
      kind: 'unproven',
      reason: 'other-container',
      quietMs: 5_000,
      looksQuiet: false,
    });
    expect(verdict(other, silent(5_100)).kind).toBe('dead');
  });

  test('without a directory, or with one from the future, it must be watched', () => {
    expect(verdict(other, undefined)).toMatchObject({ kind: 'unproven', looksQuiet: true });
    expect(verdict(other, silent(-60_000))).toMatchObject({ kind: 'unproven', looksQuiet: true });
  });

  test('its pid means nothing here', () => {
    const missing: ProcessLook = { exists: 'no', state: null, startTime: null };
    expect(verdict(other, silent(0), missing).kind).toBe('unproven');
  });
});

describe('other boot', () => {
  test('same machine and host: rebooted, dead at once', () => {
    expect(verdict({ ...held, bootId: 'b0' }, silent(0))).toMatchObject({ kind: 'dead' });
  });

  test.each([
    { machineId: 'm2' },
    { host: 'other' },
    { machineId: null },
    { machineId: 'm2', host: 'other' },
  ])('%j: another machine, not provable from here', (change) => {
    expect(verdict({ ...held, bootId: 'b0', ...change }, silent(1e9)).kind).toBe('foreign');
  });
});

test('an identity that cannot be read is never dead', () => {
  const missing: ProcessLook = { exists: 'no', state: null, startTime: null };
  for (const change of [{ bootId: null }, { pidNs: null }]) {
    expect(verdict({ ...held, ...change }, silent(1e9), missing).kind).toBe('foreign');
    expect(verdict(held, silent(1e9), missing, { ...self, ...change }).kind).toBe('foreign');
  }
});

test('a lock that this process gave up is dead, whatever its record says', () => {
  const machine = machineWith({ nowMs: () => NOW, process: () => alive });
  expect(judge(held, silent(0), self, machine, 'theirs').kind).toBe('dead');
  expect(judge(held, silent(0), self, machine, 'other').kind).toBe('alive');
});

test('property: a holder is declared dead or free only with a proof', () => {
  const text = fc.option(fc.constantFrom('a', 'b'));
  const identity = fc.record({ machineId: text, bootId: text, pidNs: text, startTime: text });
  const look: fc.Arbitrary<ProcessLook> = fc.record({
    exists: fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const),
    state: fc.constantFrom(null, 'S', 'T', 'Z'),
    startTime: text,
  });
  const age = fc.option(fc.integer({ min: -1e7, max: 1e7 }), { nil: undefined });
  fc.assert(
    fc.property(identity, identity, look, age, (theirs, ours, process, ageMs) => {
      const record = { ...held, ...theirs };
      const own = { ...self, ...ours };
      const directory = ageMs === undefined ? undefined : silent(ageMs);
      const { kind } = verdict(record, directory, process, own);
      expect(kind).not.toBe('free');
      if (kind !== 'dead') return;
      const sameBoot = theirs.bootId !== null && theirs.bootId === ours.bootId;
      const rebooted =
        !sameBoot &&
        theirs.bootId !== null &&
        ours.bootId !== null &&
        theirs.machineId !== null &&
        theirs.machineId === ours.machineId;
      const otherNs =
        sameBoot && theirs.pidNs !== null && ours.pidNs !== null && theirs.pidNs !== ours.pidNs;
      const sameNs = sameBoot && theirs.pidNs !== null && theirs.pidNs === ours.pidNs;
      const processGone =
        process.exists === 'no' ||
        process.state === 'Z' ||
        (process.startTime !== null &&
          theirs.startTime !== null &&
          process.startTime !== theirs.startTime);
      expect(rebooted || (otherNs && (ageMs ?? 0) >= 5_000) || (sameNs && processGone)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
