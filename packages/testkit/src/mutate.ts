import type { Random } from '@tb/simulator';

/** Files that one is made from, and others that may stand in its place. */
export interface Donors {
  /** Another valid file of the same kind: another day, another database. */
  readonly other?: Buffer | undefined;
  /** The same file as it was before: an older revision, an older backup. */
  readonly older?: Buffer | undefined;
}

/** One way to damage a file. */
export interface Mutation {
  readonly name: string;
  /** @returns the damaged bytes; undefined when it cannot be applied: too short, no donor, or nothing would change. */
  apply(bytes: Buffer, rng: Random, donors: Donors): Buffer | undefined;
}

const BLOCK_BYTES = 4096;

function flipBit(bytes: Buffer, rng: Random): Buffer | undefined {
  if (bytes.length === 0) return undefined;
  const out = Buffer.from(bytes);
  const at = rng.below(out.length);
  out[at] = (out[at] as number) ^ (1 << rng.below(8));
  return out;
}

function overwrite(bytes: Buffer, at: number, patch: Uint8Array): Buffer {
  const out = Buffer.from(bytes);
  out.set(patch.subarray(0, out.length - at), at);
  return out;
}

/** Two different blocks, as offsets. */
function twoBlocks(bytes: Buffer, rng: Random): [number, number] | undefined {
  const blocks = Math.floor(bytes.length / BLOCK_BYTES);
  if (blocks < 2) return undefined;
  const first = rng.below(blocks);
  const second = (first + 1 + rng.below(blocks - 1)) % blocks;
  return [first * BLOCK_BYTES, second * BLOCK_BYTES];
}

const block = (bytes: Buffer, at: number): Buffer => bytes.subarray(at, at + BLOCK_BYTES);

/** Every mutation of one file's bytes. Missing, extra and unreadable files are made on the folder, not here. */
export const MUTATIONS: readonly Mutation[] = [
  { name: 'flip-bit', apply: flipBit },
  {
    name: 'random-bytes',
    apply: (bytes, rng) =>
      bytes.length === 0 ? undefined : overwrite(bytes, rng.below(bytes.length), rng.bytes(64)),
  },
  {
    name: 'cut',
    apply: (bytes, rng) =>
      bytes.length === 0 ? undefined : bytes.subarray(0, rng.below(bytes.length)),
  },
  {
    name: 'zero-tail',
    apply: (bytes, rng) => {
      if (bytes.length === 0) return undefined;
      const out = Buffer.from(bytes);
      return out.fill(0, rng.below(out.length));
    },
  },
  {
    name: 'zero-block',
    apply: (bytes, rng) => {
      const at = rng.below(Math.ceil(bytes.length / BLOCK_BYTES)) * BLOCK_BYTES;
      if (bytes.length === 0) return undefined;
      return Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + BLOCK_BYTES));
    },
  },
  {
    name: 'swap-blocks',
    apply: (bytes, rng) => {
      const [a, b] = twoBlocks(bytes, rng) ?? [0, 0];
      return overwrite(overwrite(bytes, a, block(bytes, b)), b, block(bytes, a));
    },
  },
  {
    name: 'copy-block',
    apply: (bytes, rng) => {
      const [a, b] = twoBlocks(bytes, rng) ?? [0, 0];
      return overwrite(bytes, a, block(bytes, b));
    },
  },
  {
    name: 'extra-tail',
    apply: (bytes, rng) => Buffer.concat([bytes, rng.bytes(rng.between(1, 5000))]),
  },
  { name: 'header-only', apply: (bytes) => bytes.subarray(0, Math.min(bytes.length, BLOCK_BYTES)) },
  { name: 'empty', apply: () => Buffer.alloc(0) },
  { name: 'text', apply: () => Buffer.from('<!doctype html><title>502 Bad Gateway</title>\n') },
  { name: 'other-file', apply: (_bytes, _rng, { other }) => other },
  { name: 'older-file', apply: (_bytes, _rng, { older }) => older },
];

/**
 * Applies one mutation of the list.
 *
 * @returns undefined when it cannot be applied or changes nothing: then there is nothing to test.
 */
export function mutate(
  mutation: Mutation,
  bytes: Buffer,
  rng: Random,
  donors: Donors = {},
): Buffer | undefined {
  const out = mutation.apply(bytes, rng, donors);
  return out === undefined || out.equals(bytes) ? undefined : out;
}
