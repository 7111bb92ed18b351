import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { type FileEntry, Manifest, pruneRevisions } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import type { MarketDataReader } from '@tb/schema';
import { seedOf } from '@tb/testkit';
import fc from 'fast-check';
import { read } from './market-rows.ts';
import { DATES, entryOf, MINUTES, minuteRows, store } from './published-store.ts';

type Store = Awaited<ReturnType<typeof store>>;

type Step =
  | { readonly what: 'correct'; readonly date: number }
  | { readonly what: 'archive'; readonly date: number; readonly revision: number }
  | { readonly what: 'month' }
  | { readonly what: 'prune' };

/** What the model knows of a published revision of a date. */
interface Revision {
  readonly base: number;
  readonly publishedAt: bigint;
  isPruned: boolean;
}

/** Every revision that a date ever had, ascending. */
type Model = ReadonlyMap<string, Revision[]>;

const date = fc.nat({ max: DATES.length - 1 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant('correct' as const), date }) },
    {
      weight: 3,
      arbitrary: fc.record({
        what: fc.constant('archive' as const),
        date,
        revision: fc.nat({ max: 2 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('month' as const) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('prune' as const) }) },
  ),
  { minLength: 4, maxLength: 6 },
);

function revisionsOf(t: Store, tradingDate: string): FileEntry[] {
  using manifest = Manifest.openReader(t.layout);
  const all = manifest.snapshot().revisionsOf('nse', tradingDate);
  return all.filter((file) => file.timeframe === '1m');
}

async function take(t: Store, model: Model, step: Step, base: number): Promise<void> {
  if (step.what === 'month') {
    await t.month('2026-02');
  } else if (step.what === 'prune') {
    await using writer = await t.manager.marketDataWriter();
    for (const one of pruneRevisions(writer, { exchange: 'nse', keepDays: 0 }))
      rmSync(t.layout.absolute(one.path), { force: true });
    for (const revisions of model.values())
      for (const one of revisions.slice(0, -1)) one.isPruned = true;
  } else {
    const tradingDate = DATES[step.date] as string;
    const revisions = model.get(tradingDate) as Revision[];
    if (step.what === 'correct') {
      await t.publish(tradingDate, base, revisions.length + 1);
      const { publishedAt } = entryOf(t.layout, tradingDate);
      revisions.push({ base, publishedAt, isPruned: false });
    } else {
      const hot = revisionsOf(t, tradingDate).filter((file) => file.tier === 'hot');
      const file = hot[step.revision % Math.max(1, hot.length)];
      if (file) await t.archiveEntry(file);
    }
  }
}

/** Now, and just before and at every publication that there was. */
async function assertAnswers(reader: MarketDataReader, model: Model): Promise<void> {
  const times = [...model.values()].flat().map((one) => one.publishedAt);
  const moments = [undefined, ...new Set(times.flatMap((at) => [at - 1n, at]))];
  for (const asOf of moments) {
    const chosen = [...model].flatMap(([tradingDate, revisions]) => {
      const one = revisions.findLast((r) => asOf === undefined || r.publishedAt <= asOf);
      return one ? [{ tradingDate, ...one }] : [];
    });
    const answer = read(reader, { ...MINUTES, asOf });
    if (chosen.some((one) => one.isPruned)) {
      await expect(answer).rejects.toMatchObject({ code: 'REVISION_PRUNED' });
      continue;
    }
    const { rows, tradingDates } = await answer;
    expect(rows).toEqual(minuteRows(chosen.map((one) => [one.tradingDate, one.base])));
    expect(tradingDates).toEqual(chosen.map((one) => one.tradingDate));
  }
}

test('now, and as of any time, a read gives the revisions that counted, in whatever order dates are corrected, archived, put into months and pruned', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      await using t = await store('as-of');
      const model = new Map(
        DATES.map((tradingDate) => {
          const { publishedAt } = entryOf(t.layout, tradingDate);
          return [tradingDate as string, [{ base: 100, publishedAt, isPruned: false }]];
        }),
      );
      for (const [index, step] of taken.entries()) {
        await take(t, model, step, 200 + 10 * index);
        await assertAnswers(t.market, model); // a reader that saw everything before
      }
      await using fresh = await DatabaseManager.open({ root: t.root.path, role: 'reader' });
      await assertAnswers(fresh.marketData, model);
    }),
    { seed: seedOf(), numRuns: 2, endOnFailure: true },
  );
}, 120_000);
