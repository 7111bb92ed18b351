import type { Layout, StoredTimeframe } from '@tb/schema';
import type { MonthEntry } from './day-file.ts';
import { isFileUnusable } from './errors.ts';
import type { ManifestSnapshot, PlannedMonth } from './manifest-snapshot.ts';
import { datesOfPeriod, lastMonthOf } from './period.ts';
import type { InputFile } from './relation.ts';
import { verifyFile } from './verify.ts';

/** The files that a derived file is made from, verified. A whole file is made from months: its days are thousands. */
export async function monthInputs(spec: {
  readonly layout: Layout;
  readonly snapshot: ManifestSnapshot;
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
  readonly month: string;
}): Promise<readonly InputFile[]> {
  const { layout, snapshot, exchange, timeframe, month } = spec;
  const query = { exchange, kind: 'candles', timeframe, ...datesOfPeriod(month) } as const;
  const { months, days } =
    lastMonthOf(month) === undefined
      ? { months: [], days: snapshot.find(query) }
      : snapshot.planMonths(query);
  const inputs: InputFile[] = [];
  const rest = [...days];
  for (const planned of months) {
    if (await isSound(layout, planned)) inputs.push(inputOf(planned.month));
    else rest.push(...planned.days);
  }
  for (const day of rest) await verifyFile(layout, day);
  return [...inputs, ...rest];
}

function inputOf({ path }: MonthEntry): InputFile {
  return { path, tier: 'hot', kind: 'candles' };
}

/** A month is derived: one that is gone or damaged is done without. */
async function isSound(layout: Layout, { month }: PlannedMonth): Promise<boolean> {
  try {
    await verifyFile(layout, month);
    return true;
  } catch (error) {
    if (isFileUnusable(error)) return false;
    throw error;
  }
}
