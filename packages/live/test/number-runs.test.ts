import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NumberRuns } from '../src/number-runs.ts';

type Step =
  | { readonly add: readonly number[]; readonly start: number }
  | { readonly removeThrough: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    add: fc
      .array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 })
      .map((numbers) => numbers.sort((a, b) => a - b)),
    start: fc.nat(3),
  }),
  fc.record({ removeThrough: fc.integer({ min: 0, max: 60 }) }),
);

/** Takes the steps on runs and on a set, and calls back after each. */
function play(
  runs: NumberRuns,
  steps: readonly Step[],
  check: (model: ReadonlySet<number>) => void,
): void {
  const model = new Set<number>();
  for (const each of steps) {
    if ('add' in each) {
      runs.add(BigInt64Array.from(each.add.map(BigInt)), each.start);
      for (const number of each.add.slice(each.start)) model.add(number);
    } else {
      runs.removeThrough(BigInt(each.removeThrough));
      for (const number of model) if (number <= each.removeThrough) model.delete(number);
    }
    check(model);
  }
}

/** Every number of the runs, in order; empties them. */
function drain(runs: NumberRuns): number[] {
  const numbers: number[] = [];
  for (let { lowest } = runs; lowest !== undefined; { lowest } = runs) {
    numbers.push(Number(lowest));
    runs.removeThrough(lowest);
  }
  return numbers;
}

test('runs hold the numbers of a set', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const runs = new NumberRuns();
      let last: ReadonlySet<number> = new Set();
      play(runs, steps, (model) => {
        last = model;
        const lowest = model.size === 0 ? undefined : BigInt(Math.min(...model));
        expect(runs.lowest).toBe(lowest);
      });
      expect(drain(runs)).toEqual([...last].sort((a, b) => a - b));
    }),
  );
});

test('above the limit they hold more than was added, and never less', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const runs = new NumberRuns(2);
      let last: ReadonlySet<number> = new Set();
      play(runs, steps, (model) => {
        last = model;
        if (model.size > 0) expect(runs.lowest! <= BigInt(Math.min(...model))).toBe(true);
      });
      const held = new Set(drain(runs));
      for (const number of last) expect(held.has(number)).toBe(true);
    }),
  );
});

test('a feed whose every second row is refused takes no more memory than the limit', () => {
  const runs = new NumberRuns(100);
  runs.add(
    BigInt64Array.from({ length: 1_000 }, (_, i) => BigInt(2 * i)),
    0,
  );
  const numbers = drain(runs);
  expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
  expect(numbers.slice(99)).toEqual(Array.from({ length: 1_801 }, (_, i) => 198 + i));
});
