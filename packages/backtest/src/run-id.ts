import { createHash, randomBytes } from 'node:crypto';

/**
 * A new run id: `run_<YYYYMMDD>_<HHMMSS>_<12 hex>`, time in UTC. The hex is over the fingerprint and 16 random bytes, so
 * that the same run started twice in a second has two ids. The index and `link()` refuse an id that exists.
 *
 * @param startedAt ns UTC.
 */
export function newRunId(fingerprint: string, startedAt: bigint): string {
  const time = new Date(Number(startedAt / 1_000_000n)).toISOString();
  const digits = time.replaceAll(/\D/g, '');
  const hash = createHash('sha256').update(fingerprint).update(randomBytes(16)).digest('hex');
  return `run_${digits.slice(0, 8)}_${digits.slice(8, 14)}_${hash.slice(0, 12)}`;
}
