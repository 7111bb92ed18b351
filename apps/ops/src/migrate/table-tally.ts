import { OpsError } from '../errors.ts';
import type { Reason } from './reason.ts';

export type Fate = 'moved' | 'duplicates' | 'quarantined' | 'archived';

/** What became of the rows of one table. The four fates add up to `rowsIn`. */
export interface TableResult {
  readonly table: string;
  /** `config.users`, `market_data.candles`, `archive` ... */
  readonly target: string;
  readonly kind: 'table' | 'view';
  readonly rowsIn: number;
  readonly moved: number;
  readonly duplicates: number;
  readonly quarantined: number;
  readonly archived: number;
  /** Quarantined rows by reason. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>>;
  /** Why a table of a known name went to the archive. */
  readonly note: string | null;
}

/** Counts the fates of one table's rows. */
export class TableTally {
  readonly table: string;
  readonly target: string;
  readonly kind: 'table' | 'view';
  readonly rowsIn: number;
  readonly note: string | null;
  readonly #counts: Record<Fate, number> = { moved: 0, duplicates: 0, quarantined: 0, archived: 0 };
  readonly #reasons: Partial<Record<Reason, number>> = {};

  constructor(head: Pick<TableResult, 'table' | 'target' | 'kind' | 'rowsIn' | 'note'>) {
    this.table = head.table;
    this.target = head.target;
    this.kind = head.kind;
    this.rowsIn = head.rowsIn;
    this.note = head.note;
  }

  add(fate: Exclude<Fate, 'quarantined'>, rows = 1): void {
    this.#counts[fate] += rows;
  }

  quarantine(reason: Reason, rows = 1): void {
    this.#counts.quarantined += rows;
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + rows;
  }

  get moved(): number {
    return this.#counts.moved;
  }

  get quarantined(): number {
    return this.#counts.quarantined;
  }

  get archived(): number {
    return this.#counts.archived;
  }

  /** @throws `MIGRATION_MISMATCH` when the fates do not add up to the rows of the source. */
  result(): TableResult {
    const { moved, duplicates, quarantined, archived } = this.#counts;
    const sum = moved + duplicates + quarantined + archived;
    if (sum !== this.rowsIn)
      throw new OpsError(
        'MIGRATION_MISMATCH',
        `Table ${this.table} has ${this.rowsIn} rows, ${sum} of them are accounted for: ${moved} moved, ${duplicates} duplicates, ${quarantined} quarantined, ${archived} archived`,
      );
    const { table, target, kind, rowsIn, note } = this;
    return { table, target, kind, rowsIn, ...this.#counts, reasons: this.#reasons, note };
  }
}
