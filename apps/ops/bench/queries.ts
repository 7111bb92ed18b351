/** `pnpm bench queries`: MarketDataQuery over a data root beside the raw engine on one sorted file with the same rows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Manifest } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { layoutOf } from '@tb/schema';
import { type BenchRow, tempRoot } from '@tb/testkit';
import type { Bench } from './queries/bench.ts';
import { buildStore } from './queries/build-store.ts';
import { candleRows } from './queries/candle-rows.ts';
import { columnRows } from './queries/column-rows.ts';
import { crowdRows } from './queries/crowd-rows.ts';
import { calendar, EXCHANGE, openMadeStore } from './queries/made-store.ts';
import { openReference } from './queries/reference.ts';
import { resampleRows } from './queries/resample-rows.ts';
import { names, SYMBOLS } from './queries/sizes.ts';
import { tickRows } from './queries/tick-rows.ts';

/** Builds 19M candles and 18M ticks through @tb/history first; TB_BENCH_ROOT keeps them for the next run. */
export async function run(): Promise<BenchRow[]> {
  using temporary = tempRoot('bench-queries');
  const folder = process.env['TB_BENCH_ROOT'] ?? temporary.path;
  const [root, reference] = [join(folder, 'data'), join(folder, 'reference.duckdb')];
  if (!existsSync(reference)) {
    await using store = await openMadeStore(root, SYMBOLS);
    await buildStore(store, reference);
  }
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const raw = await openReference(reference);
  const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
  const bench: Bench = { root, reference, query, raw, firstSid: firstSidOf(root) };
  try {
    const rows: BenchRow[] = [];
    for (const part of [candleRows, tickRows, resampleRows, columnRows, crowdRows])
      rows.push(...(await part(bench)));
    return rows;
  } finally {
    raw.close();
  }
}

function firstSidOf(root: string): number {
  using manifest = Manifest.openReader(layoutOf(root));
  const sid = manifest.snapshot().symbols(EXCHANGE).sidOf(names[0]!);
  if (sid === undefined) throw new Error(`${root} was not made for ${SYMBOLS} symbols`);
  return sid;
}
