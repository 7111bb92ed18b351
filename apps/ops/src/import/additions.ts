import type { FileEntry } from '@tb/history';

/**
 * A file that rows were added to says which additions it holds, after what it was made from: `live/nse/2026-02-02/900+add/<sha256>`.
 * Ticks have no key that a value could be recognised by, so this is what keeps a rerun from adding rows twice.
 */
const SEPARATOR = '+';
const ADDITION = /^(add|late)\//;

/** Rows of one trading date that wait in the live buffer. Their seqs, times and number tell them from any others. */
export interface WaitingRows {
  readonly throughSeq: bigint;
  readonly rows: number;
  /** ns UTC. */
  readonly minTs: bigint;
  readonly maxTs: bigint;
}

/** The marker of an input file. */
export function fileMarker(sha256: string): string {
  return `add/${sha256}`;
}

/** The marker of rows of the live buffer. */
export function liveMarker({ throughSeq, rows, minTs, maxTs }: WaitingRows): string {
  return `late/${throughSeq}/${rows}/${minTs}/${maxTs}`;
}

/** The seq of such a marker; undefined for that of a file. */
export function throughSeqOf(marker: string): bigint | undefined {
  const seq = /^late\/(\d+)\//.exec(marker)?.[1];
  return seq === undefined ? undefined : BigInt(seq);
}

/** Every addition that a revision of these files ever held: one that a later correction replaced is not made again. */
export function additionsOf(files: readonly FileEntry[]): ReadonlySet<string> {
  return new Set(files.flatMap((file) => partsOf(file).filter((part) => ADDITION.test(part))));
}

/** What a new revision of a file is made from. */
export function lineageOf(
  made: string | undefined,
  additions: Iterable<string>,
  added: readonly string[] = [],
): string {
  const parts = new Set([...additions, ...added]);
  return [...(made === undefined ? [] : [made]), ...parts].join(SEPARATOR);
}

/** What the first revision of this lineage was made from; undefined when it began with an addition. */
export function originOf(file: FileEntry): string | undefined {
  return partsOf(file).find((part) => !ADDITION.test(part));
}

function partsOf(file: FileEntry): string[] {
  return file.sourceFingerprint.split(SEPARATOR);
}
