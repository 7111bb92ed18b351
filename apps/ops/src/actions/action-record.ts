/** What is said of one symbol from one trading date on. Of several about the same, the newest `knownAt` counts. */
export interface ActionRecord {
  readonly kind: 'split' | 'dividend' | 'rename';
  readonly symbol: string;
  /** The ex date; of a rename the first date under the new symbol. */
  readonly date: string;
  /** What prices before the date are multiplied with; of a rename the new symbol. */
  readonly value: number | string;
  /** ns UTC. */
  readonly knownAt: bigint;
}

/** Records with the same key are about the same thing. */
export function keyOf(record: Pick<ActionRecord, 'kind' | 'symbol' | 'date'>): string {
  return JSON.stringify([record.kind, record.symbol, record.date]);
}

/** Of each key the record that counts at a time, by date, then symbol. */
export function newestOf(records: readonly ActionRecord[], asOf: bigint): ActionRecord[] {
  const newest = new Map<string, ActionRecord>();
  for (const record of records) {
    if (record.knownAt > asOf) continue;
    const other = newest.get(keyOf(record));
    if (!other || other.knownAt < record.knownAt) newest.set(keyOf(record), record);
  }
  return [...newest.values()].sort(byDate);
}

/** Order of lists: date, symbol, kind, then what was known first. */
export function byDate(a: ActionRecord, b: ActionRecord): number {
  const textOf = (one: ActionRecord): string => JSON.stringify([one.date, one.symbol, one.kind]);
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== right) return left < right ? -1 : 1;
  return a.knownAt < b.knownAt ? -1 : 1;
}
