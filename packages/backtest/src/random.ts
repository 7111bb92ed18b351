const MASK = (1n << 64n) - 1n;

/**
 * Numbers in [0, 1) with 53 bits, the same for the same seed on every machine: splitmix64 (Steele, Lea and Flood, 2014;
 * its reference outputs are in test/random.test.ts). Not for secrets.
 */
export function seededRandom(seed: bigint): () => number {
  const next = splitmix64(seed);
  return () => Number(next() >> 11n) / 2 ** 53;
}

/** The raw 64-bit sequence. */
export function splitmix64(seed: bigint): () => bigint {
  let state = seed & MASK;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  };
}
