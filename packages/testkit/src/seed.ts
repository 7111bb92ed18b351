import { randomInt } from 'node:crypto';

let printed: string | undefined;

/**
 * The seed of this run: `TB_SEED`, or a new one. It is printed to stderr once, so that a red run can be made again with
 * `TB_SEED=<seed>`.
 *
 * @throws RangeError when `TB_SEED` is not a whole number from 0 to 2^32 - 1.
 */
export function seedOf(): number {
  const given = process.env['TB_SEED'];
  const seed = Number(given ?? printed ?? randomInt(0x1_0000_0000));
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new RangeError(`TB_SEED is a whole number from 0 to 4294967295, not ${given}`);
  if (printed === undefined) {
    printed = String(seed);
    process.stderr.write(`TB_SEED=${seed}\n`);
  }
  return seed;
}
