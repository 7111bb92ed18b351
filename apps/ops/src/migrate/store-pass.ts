import type { AnyTables } from './any-tables.ts';
import { FillBook } from './fill-book.ts';
import { type RawRow, RowReader } from './map/legacy-row.ts';
import { roundTrips } from './map/round-trip-mapper.ts';
import { RowProblem } from './map/row-problem.ts';
import type { StoreMapper } from './map/store-mapper.ts';
import { type MappedRow, TARGET_KEYS, type TargetRow } from './map/target-row.ts';
import { assertGoingOn, type MigratedTable, type Migration } from './migration.ts';
import type { Reason } from './reason.ts';
import { type Columns, labelOf } from './source-table.ts';
import {
  digest,
  type ExpectedRows,
  keyOf,
  type MigratedStore,
  readDigests,
} from './store-digests.ts';

interface Seen {
  /** Digest of the row as it is to stand in the target. */
  readonly target: string;
  /** Digest of all cells of the source row; '' for a row that another one implied. */
  readonly source: string;
  readonly table: string;
}

const BATCH_ROWS = 200;

/** The tables of one store, in the order in which they depend on each other. */
export function tablesOf(migration: Migration, store: MigratedStore): MigratedTable[] {
  const orderOf = ({ plan }: MigratedTable): number => mapperOf(plan)?.order ?? 0;
  return migration.tables
    .filter(({ plan }) => mapperOf(plan)?.store === store)
    .sort((a, b) => orderOf(a) - orderOf(b) || a.id - b.id);
}

/** Generation 1 kept backtests and real trades in one table: here the real ones are taken. */
function mapperOf(plan: MigratedTable['plan']): StoreMapper | undefined {
  if (plan.kind === 'store') return plan.mapper;
  return plan.kind === 'round_trips' && plan.isMixed ? roundTrips : undefined;
}

/** Gives every row of the tables of one store its fate, and writes what is moved. One transaction of the caller. */
export class StorePass {
  readonly #migration: Migration;
  readonly #store: MigratedStore;
  readonly #tx: AnyTables;
  readonly #existing = new Map<string, Map<string, string>>();
  readonly #seen = new Map<string, Map<string, Seen>>();
  readonly #expected = new Map<
    string,
    { columns: readonly string[]; digests: Map<string, string> }
  >();
  readonly #pending = new Map<string, TargetRow[]>();
  readonly #fills: FillBook;
  #pendingRows = 0;

  constructor(migration: Migration, store: MigratedStore, tx: AnyTables) {
    this.#migration = migration;
    this.#store = store;
    this.#tx = tx;
    this.#fills = new FillBook(tx);
  }

  /** @returns what must stand in the store afterwards. */
  async run(): Promise<ReadonlyMap<string, ExpectedRows>> {
    for (const migrated of tablesOf(this.#migration, this.#store)) await this.#table(migrated);
    await this.#flush();
    await this.#recordFills();
    return this.#expected;
  }

  async #table(migrated: MigratedTable): Promise<void> {
    const { plan, table } = migrated;
    const mapper = mapperOf(plan) as StoreMapper;
    const { client } = this.#migration;
    if (mapper.target === 'trading.positions') await this.#recordFills();
    const reader = readerOf(this.#migration, migrated);
    await client.call('openRows', { table, times: reader.timeColumns });
    for (;;) {
      const rows = (await client.call('nextRows')) as readonly RawRow[];
      if (rows.length === 0) break;
      const archived: bigint[] = [];
      for (const raw of rows) await this.#row(migrated, mapper, reader, raw, archived);
      if (archived.length > 0)
        await client.call('addArchivedRows', { label: labelOf(table), rowids: archived });
      assertGoingOn(this.#migration);
    }
  }

  async #row(
    { tally, table }: MigratedTable,
    mapper: StoreMapper,
    reader: RowReader<string>,
    raw: RawRow,
    archived: bigint[],
  ): Promise<void> {
    const quarantine = (reason: Reason): void => {
      tally.quarantine(reason);
      this.#migration.quarantine.add(table, raw, reason);
    };
    try {
      const mapped = mapper.map(reader.read(raw));
      if (mapped === 'elsewhere') return;
      const fate =
        mapped === 'archived' ? 'archived' : await this.#place(mapped, mapper, raw, labelOf(table));
      if (fate === 'archived') archived.push(raw.rowid);
      if (fate === 'moved' || fate === 'duplicates' || fate === 'archived') tally.add(fate);
      else quarantine(fate);
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      quarantine(error.reason);
    }
  }

  async #place(
    mapped: MappedRow,
    mapper: StoreMapper,
    raw: RawRow,
    label: string,
  ): Promise<'moved' | 'duplicates' | 'archived' | Reason> {
    for (const required of mapped.requires ?? [])
      if (!(await this.#isThere(required))) return 'user_unknown';
    if (mapped.row.table === 'positions') return await this.#position(mapped.row, raw, label);
    const source = digest(raw.cells);
    const rows = [mapped.row, ...(mapped.more ?? [])];
    const judged: ('new' | 'there')[] = [];
    for (const row of rows) {
      const verdict = await this.#judge(row, source, label);
      if (verdict === 'new' || verdict === 'there') judged.push(verdict);
      else return this.#isLoser(row, verdict, mapper, label) ? 'archived' : verdict;
    }
    for (const [at, row] of rows.entries())
      await this.#accept(row, source, label, judged[at] === 'new');
    for (const row of mapped.implied ?? []) await this.#imply(row);
    return 'moved';
  }

  /** A row of generation 1 whose key generation 2 has taken, here or in an earlier migration. */
  #isLoser(row: TargetRow, verdict: string, mapper: StoreMapper, label: string): boolean {
    if (mapper.archivesLosers !== true) return false;
    return (
      verdict === 'target_conflict' || (verdict === 'key_conflict' && this.#seenIn(row) !== label)
    );
  }

  /** What is known of the key of a row: nothing, the same, or something else. */
  async #judge(
    row: TargetRow,
    source: string,
    label: string,
  ): Promise<'new' | 'there' | 'duplicates' | 'key_conflict' | 'target_conflict'> {
    const key = keyOf(this.#store, row);
    const target = digest(row.values);
    const seen = this.#seen.get(row.table)?.get(key);
    if (seen) {
      if (seen.source === '') return seen.target === target ? 'there' : 'key_conflict';
      if (seen.table === label) return seen.source === source ? 'duplicates' : 'key_conflict';
      return seen.target === target ? 'duplicates' : 'key_conflict';
    }
    const existing = (await this.#existingOf(row)).get(key);
    if (existing === undefined) return 'new';
    return existing === target ? 'there' : 'target_conflict';
  }

  #seenIn(row: TargetRow): string | undefined {
    return this.#seen.get(row.table)?.get(keyOf(this.#store, row))?.table;
  }

  async #accept(row: TargetRow, source: string, label: string, isNew: boolean): Promise<void> {
    const key = keyOf(this.#store, row);
    const target = digest(row.values);
    inner(this.#seen, row.table).set(key, { target, source, table: label });
    this.#expect(row, key, target);
    if (isNew) await this.#insert(row);
    if (row.table === 'trades') await this.#fills.note(row, isNew);
  }

  /** A row that comes with another one: made when the key is free. What stands there already is as good. */
  async #imply(row: TargetRow): Promise<void> {
    const key = keyOf(this.#store, row);
    if (await this.#isThere(row)) return;
    inner(this.#seen, row.table).set(key, { target: digest(row.values), source: '', table: '' });
    this.#expect(row, key, digest(row.values));
    await this.#insert(row);
  }

  #expect(row: TargetRow, key: string, target: string): void {
    const known = this.#expected.get(row.table);
    if (known) known.digests.set(key, target);
    else
      this.#expected.set(row.table, {
        columns: Object.keys(row.values),
        digests: new Map([[key, target]]),
      });
  }

  async #isThere(row: TargetRow): Promise<boolean> {
    const key = keyOf(this.#store, row);
    return this.#seen.get(row.table)?.has(key) === true || (await this.#existingOf(row)).has(key);
  }

  /** A position is what the fills give. One that no fill belongs to is taken as it is, and told. */
  async #position(
    row: TargetRow,
    raw: RawRow,
    label: string,
  ): Promise<'moved' | 'duplicates' | Reason> {
    const key = keyOf(this.#store, row);
    const source = digest(raw.cells);
    const seen = this.#seen.get(row.table)?.get(key);
    if (seen) return seen.source === source ? 'duplicates' : 'key_conflict';
    const given = await this.#fills.quantityOf(row);
    const isExplained = given === row.values['quantity'];
    const subject = `${label} ${row.values['exchange']} ${row.values['symbol']}`;
    if (given !== undefined && !isExplained) {
      this.#migration.findings.push({
        kind: 'position',
        subject,
        observed: `the old file says ${row.values['quantity']}, the fills give ${given}`,
      });
      return 'position_not_explained';
    }
    inner(this.#seen, row.table).set(key, { target: digest(row.values), source, table: label });
    if (given === undefined) {
      this.#migration.findings.push({
        kind: 'position',
        subject,
        observed: `${row.values['quantity']} held, and no fill explains it`,
      });
      this.#expect(row, key, digest(row.values));
      await this.#insert(row);
    }
    return 'moved';
  }

  async #existingOf(row: TargetRow): Promise<ReadonlyMap<string, string>> {
    const known = this.#existing.get(row.table);
    if (known) return known;
    const rows = await readDigests(this.#tx, this.#store, row.table, Object.keys(row.values));
    this.#existing.set(row.table, rows);
    return rows;
  }

  async #insert(row: TargetRow): Promise<void> {
    if (this.#migration.dryRun || row.table === 'trades') return;
    const rows = this.#pending.get(row.table);
    if (rows) rows.push(row);
    else this.#pending.set(row.table, [row]);
    this.#pendingRows += 1;
    if (this.#pendingRows >= BATCH_ROWS) await this.#flush();
  }

  /** In the order of `TARGET_KEYS`: rows that others refer to come first. */
  async #flush(): Promise<void> {
    for (const table of Object.keys(TARGET_KEYS[this.#store])) {
      const rows = this.#pending.get(table);
      if (rows)
        await this.#tx
          .insertInto(table)
          .values(rows.map((row) => row.values))
          .execute();
      this.#pending.delete(table);
    }
    this.#pendingRows = 0;
  }

  async #recordFills(): Promise<void> {
    await this.#flush();
    if (!this.#migration.dryRun) await this.#fills.record();
  }
}

/** The reader of a store table's rows. */
export function readerOf(migration: Migration, { plan, table }: MigratedTable): RowReader<string> {
  const mapper = mapperOf(plan) as StoreMapper;
  return new RowReader({
    table,
    columns: 'columns' in plan ? (plan.columns as Columns<string>) : {},
    times: mapper.times,
    eventTimes: mapper.eventTimes ?? [],
    book: migration.book,
    exchanges: migration.exchanges,
  });
}

function inner<V>(map: Map<string, Map<string, V>>, table: string): Map<string, V> {
  const known = map.get(table);
  if (known) return known;
  const fresh = new Map<string, V>();
  map.set(table, fresh);
  return fresh;
}
