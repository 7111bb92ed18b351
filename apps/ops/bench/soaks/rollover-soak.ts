/** `pnpm soak rollover [--rounds N]`: rollovers under write load while readers compare every answer with the ledger. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calendarOf } from '@tb/calendar';
import type { LiveBuffer } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { rollover } from '../../src/rollover/rollover.ts';
import { type Ledger, ROWS_A_DATE, tickAt } from './children/ledger.mjs';
import { LedgerReader } from './ledger-reader.ts';

const ROUNDS = 200;
const READERS = 3;
const BATCH_ROWS = 100;
const calendar = calendarOf('nse');

/**
 * A bug that a run makes on purpose, as readers that do not tell it would tell nothing: the manifest forgets a day file whose
 * rows the live buffer has given up.
 */
export type Planted = 'unpublish';

export interface RolloverSoakOptions {
  readonly seed: number;
  /** Trading dates to roll over. Default 200. */
  readonly rounds?: number | undefined;
  /** Processes that read. Default 3. */
  readonly readers?: number | undefined;
  readonly planted?: Planted | undefined;
}

/**
 * Each round: the ticks of a date are in the live buffer, those of the next one go on coming while it is rolled over, and
 * processes read ticks and candles of the newest dates all the time.
 * @throws with the first answer that is not the ledger's.
 */
export async function run(options: RolloverSoakOptions): Promise<Record<string, number>> {
  const started = performance.now();
  const rounds = options.rounds ?? ROUNDS;
  const dates = calendar.sessionsBetween('2024-01-01', '2026-12-31').slice(0, rounds + 1);
  const ledger: Ledger = { seed: options.seed, dates };
  const folder = await mkdtemp(join(tmpdir(), 'tb-soak-rollover-'));
  try {
    const layout = layoutOf(join(folder, 'data'));
    await initialiseRoot(layout);
    const count = options.readers ?? READERS;
    const readers = Array.from({ length: count }, () => new LedgerReader(layout.root, ledger));
    try {
      const rolled = await writeAndRoll(layout, ledger, readers, options.planted);
      // One more that has nothing cached: it takes all it sees from the disk.
      readers.push(new LedgerReader(layout.root, ledger));
      const reports = await Promise.all(readers.map((reader) => reader.stop()));
      const sum = (pick: 'reads' | 'rows'): number =>
        reports.reduce((total, each) => total + each[pick], 0);
      const rows = (rounds + 1) * ROWS_A_DATE;
      const behind = reports.find((each) => each.seq !== rows);
      if (behind) throw new Error(`A reader ended at seq ${behind.seq} of ${rows}`);
      return {
        rollovers: rolled,
        ticksWritten: rows,
        readers: readers.length,
        answersCompared: sum('reads'),
        rowsCompared: sum('rows'),
        rowsTwice: 0,
        rowsMissing: 0,
        stepsBack: 0,
        errors: 0,
        seconds: Math.round((performance.now() - started) / 1000),
      };
    } finally {
      for (const reader of readers) reader.kill();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeAndRoll(
  layout: Layout,
  ledger: Ledger,
  readers: readonly LedgerReader[],
  planted: Planted | undefined,
): Promise<number> {
  await using manager = await DatabaseManager.open({
    root: layout.root,
    role: 'ingestor',
    exchanges: ['nse'],
  });
  const live = manager.live('nse');
  await Promise.all(readers.map((reader) => reader.ready()));
  await append(live, ledger, 0);
  const rounds = ledger.dates.length - 1;
  for (let round = 0; round < rounds; round += 1) {
    const { tradingDate } = ledger.dates[round] as Ledger['dates'][number];
    // A segment beside the tail in every other date; what the worker reads then comes from both.
    if (round % 2 === 1) await live.seal(tradingDate);
    const rolling = rollover({ tradingDate }, { layout, live, calendar, waitMs: 60_000 });
    const [{ status }] = await Promise.all([rolling, append(live, ledger, round + 1)]);
    if (status !== 'promoted') throw new Error(`The rollover of ${tradingDate} is ${status}`);
    for (const reader of readers) reader.throwIfWrong();
    if (round === 1 && planted) {
      unpublish(layout, ledger);
      return round + 1;
    }
  }
  return rounds;
}

/** All ticks of one date in batches, each acknowledged before the next is sent. */
async function append(live: LiveBuffer, ledger: Ledger, date: number): Promise<void> {
  for (let row = 0; row < ROWS_A_DATE; row += BATCH_ROWS)
    await appendRows(live, ledger, date * ROWS_A_DATE + row + 1, BATCH_ROWS);
}

async function appendRows(
  live: LiveBuffer,
  ledger: Ledger,
  firstSeq: number,
  count: number,
): Promise<void> {
  const ticks = Array.from({ length: count }, (_value, at) => tickAt(ledger, firstSeq + at));
  const ack = await live.append({
    symbol: ticks.map(({ symbol }) => symbol),
    ts: BigInt64Array.from(ticks, ({ ts }) => ts),
    price: Float64Array.from(ticks, ({ price }) => price),
    volume: Float64Array.from(ticks, ({ volume }) => volume),
  });
  if (ack.rows !== count || ack.firstSeq !== BigInt(firstSeq))
    throw new Error(`${ack.rows} rows were stored from seq ${ack.firstSeq}, sent from ${firstSeq}`);
}

function unpublish(layout: Layout, ledger: Ledger): void {
  const db = openSqlite(layout.manifest, { mustExist: true });
  try {
    db.exec(
      `DELETE FROM files WHERE trading_date = '${ledger.dates[1]?.tradingDate}' AND kind = 'ticks'; UPDATE version SET n = n + 1`,
    );
  } finally {
    db.close();
  }
}
