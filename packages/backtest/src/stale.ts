import type { RunInput } from './run-history.ts';

/**
 * Why a run would not read the same again: a day was `corrected` by a newer revision, `changed` under the same revision,
 * `removed`, or `added` inside the range of days that it read.
 */
export interface StaleDay {
  readonly tradingDate: string;
  readonly reason: 'corrected' | 'changed' | 'removed' | 'added';
  /** What the run read; undefined for an added day. */
  readonly read: RunInput | undefined;
  /** What is published now; undefined for a removed day. */
  readonly current: RunInput | undefined;
}

/**
 * The days that make a run stale, ascending; none when it would read the same files. Pure: compares lists.
 *
 * @param inputs What the run read, as the index has it.
 * @param published Every published file of the run's exchange, kind and timeframe; of several revisions of a day the
 *   highest counts. Files outside the range of days of `inputs` are passed over.
 */
export function staleDays(
  inputs: readonly RunInput[],
  published: readonly RunInput[],
): readonly StaleDay[] {
  const read = newestByDay(inputs);
  const current = newestByDay(published);
  const days = [...read.keys()].sort();
  const [first, last] = [days[0], days[days.length - 1]];
  if (first === undefined || last === undefined) return [];
  const all = new Set([...days, ...current.keys()].filter((day) => day >= first && day <= last));
  return [...all].sort().flatMap((tradingDate) => {
    const [before, now] = [read.get(tradingDate), current.get(tradingDate)];
    const reason = reasonOf(before, now);
    return reason === undefined ? [] : [{ tradingDate, reason, read: before, current: now }];
  });
}

function reasonOf(
  read: RunInput | undefined,
  current: RunInput | undefined,
): StaleDay['reason'] | undefined {
  if (!read) return 'added';
  if (!current) return 'removed';
  if (current.sha256 === read.sha256) return undefined;
  return current.revision > read.revision ? 'corrected' : 'changed';
}

function newestByDay(files: readonly RunInput[]): Map<string, RunInput> {
  const newest = new Map<string, RunInput>();
  for (const file of files) {
    const known = newest.get(file.tradingDate);
    if (!known || file.revision > known.revision) newest.set(file.tradingDate, file);
  }
  return newest;
}
