import { Multiset } from './multiset.ts';

/** What a comparison found; empty lists mean that the invariant holds. */
export interface LedgerVerdict {
  readonly ok: boolean;
  /** Acked rows that are not present: the promise of the ack is broken. */
  readonly lost: readonly string[];
  /** Rows present more often than they were sent. */
  readonly doubled: readonly string[];
  /** Rows present that were never sent. */
  readonly foreign: readonly string[];
}

/**
 * What a test sent, and what was acknowledged, kept in the parent process: a ledger in the process under test would die
 * with it. Rows are texts, see `tickKey`; equal rows are counted, not merged.
 *
 * Holds: acked <= present <= sent. A row that was sent but not acked may be present: "failed" is not "not written".
 */
export class Ledger {
  readonly sent: Multiset = new Multiset();
  readonly acked: Multiset = new Multiset();

  send(rows: Iterable<string>): void {
    for (const row of rows) this.sent.add(row);
  }

  ack(rows: Iterable<string>): void {
    for (const row of rows) this.acked.add(row);
  }

  /** @param limit At most so many examples a list. */
  compare(present: Iterable<string> | Multiset, limit = 10): LedgerVerdict {
    const found = present instanceof Multiset ? present : Multiset.of(present);
    const lost = [...this.acked.minus(found, limit).keys()];
    const surplus = [...found.minus(this.sent, limit).keys()];
    const doubled = surplus.filter((row) => this.sent.count(row) > 0);
    const foreign = surplus.filter((row) => this.sent.count(row) === 0);
    return { ok: lost.length + surplus.length === 0, lost, doubled, foreign };
  }
}
