import { createHash } from 'node:crypto';
import { HistoryError } from './errors.ts';

/** Why a published trading date changed, and by how much. */
export interface CorrectionReason {
  readonly who: string;
  readonly why: string;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
  readonly rowsChanged: number;
}

/** One record of the chain. */
export interface Correction extends CorrectionReason {
  /** 1, 2, 3, ... */
  readonly id: number;
  /** `hash` of the record before; 64 zeros for the first. */
  readonly prevHash: string;
  readonly hash: string;
  /** ns UTC. */
  readonly at: bigint;
  readonly exchange: string;
  readonly tradingDate: string;
}

const FIRST_PREV_HASH = '0'.repeat(64);

/** The record that follows `previous` in the chain. */
export function nextCorrection(
  previous: Correction | undefined,
  content: Omit<Correction, 'id' | 'prevHash' | 'hash'>,
): Correction {
  const id = (previous?.id ?? 0) + 1;
  const prevHash = previous?.hash ?? FIRST_PREV_HASH;
  return { ...content, id, prevHash, hash: hashOf({ ...content, id, prevHash }) };
}

/**
 * Checks that every record follows from the one before and was not changed.
 * @param corrections All of a manifest, by ascending id.
 * @throws `CORRECTION_CHAIN_BROKEN` naming the first record that does not.
 *
 * A chain cannot show that its END was cut off: the corrections that files refer to are compared by `checkManifest`.
 */
export function verifyCorrectionChain(corrections: readonly Correction[]): void {
  let previous: Correction | undefined;
  for (const one of corrections) {
    const expected = nextCorrection(previous, one);
    if (one.id !== expected.id || one.prevHash !== expected.prevHash || one.hash !== expected.hash)
      throw new HistoryError(
        'CORRECTION_CHAIN_BROKEN',
        `Correction ${one.id} of ${one.exchange} ${one.tradingDate} has hash ${one.hash.slice(0, 12)}, its content gives ${expected.hash.slice(0, 12)}`,
      );
    previous = one;
  }
}

function hashOf(content: Omit<Correction, 'hash'>): string {
  const fields = [
    content.prevHash,
    content.id,
    String(content.at),
    content.who,
    content.why,
    content.exchange,
    content.tradingDate,
    content.rowsAdded,
    content.rowsRemoved,
    content.rowsChanged,
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
