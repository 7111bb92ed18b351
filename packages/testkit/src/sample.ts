import type { Random } from '@tb/simulator';
import type { StorageCall } from './fault-run.ts';

const DECISIVE = /^(fsync|fdatasync|rename|link|unlink|remove|rmdir|ftruncate|truncate)$/;

/**
 * Which calls to disturb when not all can be: the first and last three where a quarter of the sample has room for them,
 * then every fsync, rename, unlink and truncate up to half of it, then any others.
 *
 * @returns Numbers of eligible calls, ascending.
 */
export function samplePoints(calls: readonly StorageCall[], count: number, rng: Random): number[] {
  const eligible = calls.filter((call) => call.eligible > 0);
  const numbers = eligible.map((call) => call.eligible);
  if (numbers.length <= count) return numbers.sort((a, b) => a - b);
  const ends = count < 24 ? [] : [...numbers.slice(0, 3), ...numbers.slice(-3)];
  const decisive = eligible.filter((call) => DECISIVE.test(call.name)).map((call) => call.eligible);
  const half = Math.ceil(count / 2);
  const order = [...new Set([...ends, ...rng.shuffle(decisive)])].slice(0, half);
  return [...new Set([...order, ...rng.shuffle(numbers)])].slice(0, count).sort((a, b) => a - b);
}
