/** A seeded source of numbers: equal seeds give equal sequences, on every system and version of Node. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Whole number in [0, below). `below` is at most 2^32. */
  below(below: number): number;
  /** Whole number in [low, high], both ends included. */
  between(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One element. @throws RangeError when there is none. */
  pick<T>(items: readonly T[]): T;
  /** A new array in random order. */
  shuffle<T>(items: readonly T[]): T[];
  bytes(length: number): Uint8Array;
  /** Mean 0, standard deviation 1 (Box and Muller, 1958). */
  normal(): number;
  /** Exponential with the given mean: gaps between independent events. */
  exponential(mean: number): number;
  /** An independent sequence, fixed by this seed and the label; does not advance this one. */
  fork(label: string): Random;
}

/** Mixes text into 32 bits (FNV-1a, then the finaliser of MurmurHash3). */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1)
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** sfc32 of PractRand: 128 bits of state, period at least 2^32. */
function sfc32(key: string): () => number {
  let a = hash32(`${key}/a`);
  let b = hash32(`${key}/b`);
  let c = hash32(`${key}/c`);
  let counter = 1;
  const step = (): number => {
    const out = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + out) >>> 0;
    return out;
  };
  for (let i = 0; i < 12; i += 1) step();
  return step;
}

/** @param seed Any number or text; it is used by its text form. */
export function random(seed: number | string): Random {
  const key = String(seed);
  const step = sfc32(key);
  const next = (): number => step() / 0x1_0000_0000;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('Cannot pick from an empty list');
      return items[below(items.length)] as (typeof items)[number];
    },
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i -= 1) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j] as (typeof out)[number], out[i] as (typeof out)[number]];
      }
      return out;
    },
    bytes: (length) => Uint8Array.from({ length }, () => step() & 0xff),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    exponential: (mean) => -mean * Math.log(1 - next()),
    fork: (label) => random(`${key}:${label}`),
  };
}
