import { type ActionRecord, keyOf } from './action-record.ts';

/** What is to be done with a record. */
export type Planned = 'new' | 'supersedes' | 'known' | { readonly reason: string };

/**
 * Decides, record by record, against what is stored and what was planned before. Nothing is changed or removed: a
 * correction is a later record, so that a read as of before it still sees what was known then.
 */
export class RecordPlan {
  /** Ascending `knownAt`. */
  readonly #byKey = new Map<string, ActionRecord[]>();

  constructor(stored: readonly ActionRecord[]) {
    for (const record of stored) this.#add(record);
  }

  /** `known`: the newest record of that time says the same, so a second import of a file stores nothing. */
  add(record: ActionRecord): Planned {
    const others = this.#byKey.get(keyOf(record)) ?? [];
    const before = others.findLast((other) => other.knownAt <= record.knownAt);
    if (before?.value === record.value) return 'known';
    if (before?.knownAt === record.knownAt)
      return {
        reason: `conflict: ${before.value} is stored with the same known_at; a correction needs a later one`,
      };
    this.#add(record);
    return others.length > 0 ? 'supersedes' : 'new';
  }

  #add(record: ActionRecord): void {
    const records = this.#byKey.get(keyOf(record)) ?? [];
    const at = records.findIndex((other) => other.knownAt > record.knownAt);
    records.splice(at < 0 ? records.length : at, 0, record);
    this.#byKey.set(keyOf(record), records);
  }
}
