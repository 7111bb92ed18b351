import type { StorageCall } from './fault-run.ts';
import type { Random } from './random.ts';

const DECISIVE = /^(fsync|fdatasync|rename|link|unlink|remove|rmdir|ftruncate|truncate)$/;

/**
 * Which calls to disturb when not all can be: the first and last three, then every fsync, rename, unlink and truncate,
 * then others, up to `count`; where the decisive ones alone are too many, the seed chooses among them.
 *
 * @returns Numbers of eligible calls, ascending.
 */
export function samplePoints(calls: readonly StorageCall[], count: number, rng: Random): number[] {
  const eligible = calls.filter((call) => call.eligible > 0);
  const numbers = eligible.map((call) => call.eligible);
  if (numbers.length <= count) return numbers.sort((a, b) => a - b);
  const ends = [...numbers.slice(0, 3), ...numbers.slice(-3)];
  const decisive = eligible.filter((call) => DECISIVE.test(call.name)).map((call) => call.eligible);
  const order = [...ends, ...rng.shuffle(decisive), ...rng.shuffle(numbers)];
  return [...new Set(order)].slice(0, count).sort((a, b) => a - b);
}
