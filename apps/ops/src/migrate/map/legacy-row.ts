import { decimalText } from '../decimal-text.ts';
import { type ExchangeMap, exchangeOfKey } from '../exchange-of-key.ts';
import { jsonObject, jsonOfCell } from '../json-value.ts';
import type { Columns, SourceColumn, SourceTable } from '../source-table.ts';
import { parseTimeCell } from '../time-cell.ts';
import type { ClockBook, TimeReader } from './clock-book.ts';
import { RowProblem } from './row-problem.ts';

/** A row of the source as text: DuckDB's casts to text lose nothing (shortest exact numbers, zones in UTC). */
export interface RawRow {
  /** Place in the stored order. */
  readonly rowid: bigint;
  /** One a column of the table, null for NULL. */
  readonly cells: readonly (string | null)[];
  /** One a time column of the reader, as `timeSql` gives it. */
  readonly times: readonly (string | null)[];
}

/** What the rows of one table are read with. */
export interface RowReaderOptions<Role extends string> {
  readonly table: SourceTable;
  readonly columns: Columns<Role>;
  /** Roles that are times. */
  readonly times: readonly Role[];
  /** Times in market hours, by which the clock of the table is told. */
  readonly eventTimes: readonly Role[];
  readonly book: ClockBook;
  readonly exchanges: ExchangeMap;
}

const isText = (value: string | undefined): value is string => value !== undefined;

/** Makes rows of one table readable by role. */
export class RowReader<Role extends string> {
  readonly table: SourceTable;
  /** Names of the columns to ask the worker for as times, in the order of `RawRow.times`. */
  readonly timeColumns: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #timePlaces = new Map<Role, number>();
  readonly #timeReaders = new Map<Role, TimeReader>();
  readonly #rest: readonly { readonly column: SourceColumn; readonly place: number }[];
  readonly #options: RowReaderOptions<Role>;

  constructor(options: RowReaderOptions<Role>) {
    const { table, columns, times, book } = options;
    this.#options = options;
    this.table = table;
    this.#places = new Map(table.columns.map((column, at) => [column.name, at]));
    const present = times.filter((role) => columns[role] !== undefined);
    this.timeColumns = present.map((role) => (columns[role] as SourceColumn).name);
    const events = options.eventTimes.map((role) => columns[role]?.name).find(isText);
    present.forEach((role, at) => {
      this.#timePlaces.set(role, at);
      this.#timeReaders.set(role, book.reader(table, this.timeColumns[at] as string, events));
    });
    const used = new Set((Object.values(columns) as SourceColumn[]).map((column) => column.name));
    this.#rest = table.columns
      .map((column, place) => ({ column, place }))
      .filter(({ column }) => !used.has(column.name));
  }

  /** Columns that play no role. */
  get homeless(): readonly SourceColumn[] {
    return this.#rest.map(({ column }) => column);
  }

  read(raw: RawRow): LegacyRow<Role> {
    return new LegacyRow(this, raw);
  }

  /** @internal */
  cell(raw: RawRow, role: Role): { text: string; type: string } | undefined {
    const column = this.#options.columns[role];
    if (!column) return undefined;
    const text = raw.cells[this.#places.get(column.name) as number] ?? null;
    return text === null ? undefined : { text, type: column.type };
  }

  /** @internal */
  timeCell(raw: RawRow, role: Role): string | null {
    const place = this.#timePlaces.get(role);
    return place === undefined ? null : (raw.times[place] ?? null);
  }

  /** @internal */
  timeReader(role: Role): TimeReader {
    return this.#timeReaders.get(role) as TimeReader;
  }

  /** @internal */
  restOf(raw: RawRow): [string, string][] {
    const entries: [string, string][] = [];
    for (const { column, place } of this.#rest) {
      const text = raw.cells[place] ?? null;
      if (text !== null) entries.push([column.name, jsonOfCell(text, column.type)]);
    }
    return entries;
  }

  /** @internal */
  exchange(key: string | null): ReturnType<typeof exchangeOfKey> {
    return exchangeOfKey(key, this.#options.exchanges);
  }
}

/** One row, by role. Methods that `need` a value throw a RowProblem, which becomes the reason of its quarantine. */
export class LegacyRow<Role extends string> {
  readonly raw: RawRow;
  readonly #reader: RowReader<Role>;
  readonly #kept: [string, string][] = [];

  constructor(reader: RowReader<Role>, raw: RawRow) {
    this.#reader = reader;
    this.raw = raw;
  }

  /** undefined for NULL and for an absent column. */
  text(role: Role): string | undefined {
    return this.#reader.cell(this.raw, role)?.text;
  }

  /** Text that is not blank. */
  filled(role: Role): string | undefined {
    const text = this.text(role);
    return text === undefined || text.trim() === '' ? undefined : text;
  }

  needKey(role: Role): string {
    const text = this.filled(role);
    if (text === undefined) throw new RowProblem('key_missing');
    return text;
  }

  needText(role: Role): string {
    const text = this.filled(role);
    if (text === undefined) throw new RowProblem('value_missing');
    return text;
  }

  /** The instrument key and its exchange. @param exchangeRole A column that says the exchange where the key does not. */
  needInstrument(role: Role, exchangeRole?: Role): { exchange: string; symbol: string } {
    const key = this.text(role) ?? null;
    const finding = this.#reader.exchange(key);
    if ('exchange' in finding) return { exchange: finding.exchange, symbol: key as string };
    const said =
      exchangeRole === undefined ? undefined : this.text(exchangeRole)?.trim().toLowerCase();
    const isSaid =
      finding.problem === 'exchange_unknown' &&
      (said === 'nse' || said === 'bse' || said === 'mcx');
    if (!isSaid) throw new RowProblem(finding.problem);
    return { exchange: said as string, symbol: key as string };
  }

  /** A finite number for a REAL column; what is none is kept among the attributes and gives null. */
  real(role: Role): number | null {
    const text = this.filled(role);
    if (text === undefined) return null;
    const number = Number(text);
    if (Number.isFinite(number)) return number;
    this.keep(role);
    return null;
  }

  needReal(role: Role): number {
    const text = this.filled(role);
    if (text === undefined) throw new RowProblem('value_missing');
    const number = Number(text);
    if (!Number.isFinite(number)) throw new RowProblem('value_not_a_number');
    return number;
  }

  /** A whole number that fits 64 bits; what is none is kept among the attributes and gives null. */
  integer(role: Role): bigint | null {
    const text = this.filled(role);
    if (text === undefined) return null;
    const whole = /^\s*[+-]?\d{1,18}(\.0*)?\s*$/.test(text)
      ? BigInt(text.trim().replace(/\.0*$/, ''))
      : undefined;
    if (whole !== undefined) return whole;
    this.keep(role);
    return null;
  }

  /** An exact decimal; what is none is kept among the attributes and gives null. */
  decimal(role: Role): string | null {
    const text = this.filled(role);
    if (text === undefined) return null;
    const decimal = decimalText(text);
    if (decimal !== undefined) return decimal;
    this.keep(role);
    return null;
  }

  /** `fallback` for what is neither yes nor no. */
  flag(role: Role, fallback: boolean): boolean {
    const text = this.filled(role)?.trim().toLowerCase();
    if (text === undefined) return fallback;
    if (['true', 't', '1', 'yes', 'y'].includes(text)) return true;
    if (['false', 'f', '0', 'no', 'n'].includes(text)) return false;
    this.keep(role);
    return fallback;
  }

  /** A time on which the row hangs, ns UTC. */
  needEvent(role: Role, key: string): bigint {
    const cell = parseTimeCell(this.#reader.timeCell(this.raw, role));
    if (cell.kind === 'problem') throw new RowProblem(cell.problem);
    if (cell.kind === 'absolute') return cell.ns;
    const ns = this.#reader.timeReader(role).event(cell.ns, key);
    if (ns === undefined) throw new RowProblem('clock_unclear');
    return ns;
  }

  /** A time beside the matter, ns UTC; what cannot be read is kept among the attributes and gives null. */
  detail(role: Role, key: string): bigint | null {
    const cell = parseTimeCell(this.#reader.timeCell(this.raw, role));
    if (cell.kind === 'absolute') return cell.ns;
    const ns =
      cell.kind === 'naive' ? this.#reader.timeReader(role).detail(cell.ns, key) : undefined;
    if (ns === undefined) this.keep(role);
    return ns ?? null;
  }

  /** When the row was written, ns UTC; what cannot be read is kept among the attributes and gives undefined. */
  record(role: Role): bigint | undefined {
    const cell = parseTimeCell(this.#reader.timeCell(this.raw, role));
    if (cell.kind === 'absolute') return cell.ns;
    if (cell.kind === 'naive') return this.#reader.timeReader(role).record(cell.ns);
    this.keep(role);
    return undefined;
  }

  /** Keeps the value of a role, as it is, among the attributes. */
  keep(role: Role, name: string = role): void {
    const cell = this.#reader.cell(this.raw, role);
    if (cell) this.#kept.push([name, jsonOfCell(cell.text, cell.type)]);
  }

  /** Everything that has no column of its own, as a JSON object; null when there is nothing. */
  attributes(): string | null {
    const entries = new Map<string, string>();
    for (const [name, json] of [...this.#reader.restOf(this.raw), ...this.#kept])
      entries.set(name, json);
    return jsonObject([...entries]);
  }
}
