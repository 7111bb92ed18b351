/** `pnpm soak days [--rounds N]`: simulated trading days of two exchanges, from the feed to health, against a ledger. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Manifest } from '@tb/history';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { random } from '@tb/simulator';
import { checkHealth } from '../../src/health/check-health.ts';
import { refreshMonths } from '../../src/history/refresh-months.ts';
import { importFiles } from '../../src/import/import-files.ts';
import { parseInputOptions } from '../../src/input/input-options.ts';
import { type RolloverResult, rollover } from '../../src/rollover/rollover.ts';
import { DayReader } from './days/check-days.ts';
import { BATCH_ROWS, batchesOf, DayLedger } from './days/day-ledger.ts';
import { assertFacts, type DaysPlan, type SimulatedDay } from './days/simulated-days.ts';
import { stretches } from './days/stretches.ts';
import { unbroken } from './days/unbroken.ts';

const ROWS = 1500;
const LATE_ROWS = 100;
const AFTER_CLOSE_NS = 600_000_000_000n;
const REDELIVERED_SHARE = 0.2;
/** Between two answers: the rollover is what is to be done. */
const PAUSE_MS = 20;
const signal = new AbortController().signal;

/** `unbroken`: 24 consecutive sessions of two made exchanges. `stretches`: 24 dates of two real ones, some left out between. */
const PLANS = { unbroken, stretches } as const;

export interface DaysSoakOptions {
  readonly seed: number;
  /** Default both, each with a data root of its own. */
  readonly plan?: keyof typeof PLANS | undefined;
  /** Days to simulate, from `first` on. Default all 24. */
  readonly rounds?: number | undefined;
  /** Index of the first day. Default 0. */
  readonly first?: number | undefined;
  /** Ticks of each date, in hundreds. Default 1500. */
  readonly rows?: number | undefined;
  /** A bug made on purpose: the ledger of the last day lacks a tick that was sent. */
  readonly planted?: 'lost' | undefined;
}

/** Figures of a run. */
interface Figures {
  days: number;
  exchangeDates: number;
  ticksSent: number;
  redelivered: number;
  late: number;
  monthsBuilt: number;
  healthChecks: number;
}

/**
 * Each day and exchange: ticks come out of order and some batches twice; a reader compares before, during and after the
 * rollover; months and health follow. The second day's rollover is missed and made up by the next, the third day gets late
 * rows and a correction that adds them, the fourth a correction that replaces a symbol. At the end every date is compared
 * again, ticks and candles of all timeframes, and every byte is checked.
 * @returns Figures; of both plans by `unbroken.days` and so on.
 * @throws with the first difference.
 */
export async function run(options: DaysSoakOptions): Promise<Record<string, unknown>> {
  const { plan } = options;
  if (plan !== undefined) return await runPlan(PLANS[plan](), options);
  const results: Record<string, unknown> = {};
  for (const [name, planOf] of Object.entries(PLANS))
    for (const [figure, value] of Object.entries(await runPlan(planOf(), options)))
      results[`${name}.${figure}`] = value;
  return results;
}

async function runPlan(plan: DaysPlan, options: DaysSoakOptions): Promise<Record<string, unknown>> {
  const started = performance.now();
  const special = assertFacts(plan);
  const first = options.first ?? 0;
  const end = options.rounds === undefined ? undefined : first + options.rounds;
  const days = plan.days.slice(first, end);
  const folder = await mkdtemp(join(tmpdir(), 'tb-soak-days-'));
  try {
    const layout = layoutOf(join(folder, 'data'));
    await writeCalendars(layout, plan);
    await initialiseRoot(layout);
    const soak = new DaysSoak(layout, folder, options.seed, options.rows ?? ROWS, plan.exchanges);
    await using reader = await DayReader.open(layout.root);
    for (const [index, day] of days.entries()) await soak.day(day, index, reader);
    const last = [...soak.ledgers.values()].pop();
    if (options.planted === 'lost') last?.ticks.pop();
    for (const ledger of soak.ledgers.values()) {
      await reader.checkTicks(ledger);
      await reader.checkCandles(ledger);
    }
    await soak.checkHealth(true);
    return {
      ...soak.figures,
      answersCompared: reader.answers,
      rowsCompared: reader.rows,
      differences: 0,
      special: special.length,
      seconds: Math.round((performance.now() - started) / 1000),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeCalendars(layout: Layout, { calendarFiles }: DaysPlan): Promise<void> {
  for (const [exchange, text] of Object.entries(calendarFiles)) {
    await mkdir(dirname(layout.calendarFile(exchange)), { recursive: true });
    await writeFile(layout.calendarFile(exchange), text);
  }
}

class DaysSoak {
  readonly ledgers = new Map<string, DayLedger>();
  readonly figures: Figures = {
    ...{ days: 0, exchangeDates: 0, ticksSent: 0, redelivered: 0 },
    ...{ late: 0, monthsBuilt: 0, healthChecks: 0 },
  };
  readonly #layout: Layout;
  readonly #folder: string;
  readonly #seed: number;
  readonly #rows: number;
  readonly #exchanges: readonly string[];
  readonly #random: ReturnType<typeof random>;

  constructor(
    layout: Layout,
    folder: string,
    seed: number,
    rows: number,
    exchanges: readonly string[],
  ) {
    this.#exchanges = exchanges;
    this.#rows = rows;
    this.#layout = layout;
    this.#folder = folder;
    this.#seed = seed;
    this.#random = random(seed);
  }

  async day(day: SimulatedDay, index: number, reader: DayReader): Promise<void> {
    const isMissed = index === 1;
    for (const [exchange, session] of day.sessions) {
      const ledger = new DayLedger(session);
      this.ledgers.set(`${exchange} ${day.date}`, ledger);
      await this.#ingest(ledger, 0, this.#rows);
      await reader.checkTicks(ledger);
      if (!isMissed) await this.#rollover(exchange, session.close, reader, ledger);
      if (index === 2) await this.#lateRows(exchange, ledger, reader);
      if (index === 3) await this.#correct(exchange, ledger, reader);
      this.figures.exchangeDates += 1;
    }
    for (const exchange of this.#exchanges)
      this.figures.monthsBuilt += await refreshMonths(exchange, {
        layout: this.#layout,
        signal,
        waitMs: 30_000,
      });
    await this.checkHealth(false);
    this.figures.days += 1;
  }

  /** Sends ticks, and one batch in five twice: a source that delivers again stores nothing again. */
  async #ingest(ledger: DayLedger, from: number, to: number): Promise<void> {
    const { exchange, tradingDate } = ledger.session;
    await using manager = await this.#ingestor(exchange);
    const live = manager.live(exchange);
    const batches = batchesOf(ledger.session, String(this.#seed), this.#rows + LATE_ROWS);
    for (const batch of batches.slice(from / BATCH_ROWS, to / BATCH_ROWS)) {
      const ack = await live.append(batch, { tradingDate });
      if (ack.rows !== batch.symbol.length)
        throw new Error(`${exchange} ${tradingDate}: ${ack.rows} of ${batch.symbol.length} stored`);
      ledger.add(batch);
      this.figures.ticksSent += ack.rows;
      if (!this.#random.chance(REDELIVERED_SHARE)) continue;
      const again = await live.append(batch, { tradingDate });
      if (again.rows !== 0) throw new Error(`${again.rows} redelivered rows were stored again`);
      this.figures.redelivered += again.duplicates;
    }
  }

  /** Every closed date, while the reader goes on. */
  async #rollover(
    exchange: string,
    close: bigint,
    reader: DayReader,
    ledger: DayLedger,
    why?: string,
  ): Promise<RolloverResult> {
    await using manager = await this.#ingestor(exchange);
    let isRunning = true;
    const rolling = rollover(
      { correction: why === undefined ? undefined : { why } },
      {
        layout: this.#layout,
        live: manager.live(exchange),
        calendar: manager.calendarOf(exchange),
        waitMs: 30_000,
        now: () => close + AFTER_CLOSE_NS,
      },
    ).finally(() => {
      isRunning = false;
    });
    rolling.catch(() => undefined); // it is awaited below, also when a check fails first
    // A correction changes what is right while it runs; everything else must not be seen at all.
    while (isRunning && why === undefined) {
      await reader.checkTicks(ledger);
      await sleep(PAUSE_MS);
    }
    const result = await rolling;
    await reader.checkTicks(ledger);
    return result;
  }

  /** Rows after the rollover: they wait, unseen, until a correction adds them. */
  async #lateRows(exchange: string, ledger: DayLedger, reader: DayReader): Promise<void> {
    const { close } = ledger.session;
    const before = new DayLedger(ledger.session);
    before.ticks.push(...ledger.ticks);
    await this.#ingest(ledger, this.#rows, this.#rows + LATE_ROWS);
    await reader.checkTicks(before);
    const asOf = this.#publishedAt(exchange, ledger.session.tradingDate);
    const { status } = await this.#rollover(exchange, close, reader, ledger, 'the feed caught up');
    if (status !== 'corrected') throw new Error(`The correction of late rows is ${status}`);
    await reader.checkTicks(before, asOf);
    this.figures.late += LATE_ROWS;
  }

  /** One symbol is sent again with other prices. */
  async #correct(exchange: string, ledger: DayLedger, reader: DayReader): Promise<void> {
    const { tradingDate } = ledger.session;
    const before = new DayLedger(ledger.session);
    before.ticks.push(...ledger.ticks);
    const asOf = this.#publishedAt(exchange, tradingDate);
    const symbol = ledger.ticks[0]?.symbol ?? '';
    const changed = ledger.ticks
      .filter((tick) => tick.symbol === symbol)
      .map((tick) => ({ ...tick, price: tick.price + 1 }));
    const file = join(this.#folder, `${exchange}-${tradingDate}.csv`);
    const lines = changed.map(({ ts, price, volume }) => `${symbol},${ts},${price},${volume}`);
    await writeFile(file, `symbol,ts,price,volume\n${lines.join('\n')}\n`);
    ledger.replace(symbol, changed);
    await importFiles(
      {
        exchange,
        files: [file],
        input: parseInputOptions('ticks', '', { tsFormat: 'ns' }),
        correction: { why: 'the vendor sent it again' },
      },
      {
        layout: this.#layout,
        signal,
        startedAt: new Date(),
        progress: { update: () => undefined, end: () => undefined },
      },
    );
    await reader.checkTicks(ledger);
    await reader.checkTicks(before, asOf);
  }

  /** Nothing may fail; at the end every byte is read, and nothing of market data may even warn. */
  async checkHealth(full: boolean): Promise<void> {
    const { findings } = await checkHealth(this.#layout, { full });
    const strict = ['day-files', 'corrections', 'months', 'live-buffer', 'late-rows', 'rollover'];
    const bad = findings.filter(
      ({ check, status }) =>
        status === 'fail' || (full && status === 'warn' && strict.includes(check)),
    );
    if (bad.length > 0) throw new Error(`Health: ${JSON.stringify(bad.slice(0, 3))}`);
    this.figures.healthChecks += 1;
  }

  /** When the newest revision of the ticks of a date was published, ns UTC. */
  #publishedAt(exchange: string, tradingDate: string): bigint {
    using manifest = Manifest.openReader(this.#layout);
    const ticks = manifest
      .snapshot()
      .revisionsOf(exchange, tradingDate)
      .filter(({ kind }) => kind === 'ticks');
    return ticks[ticks.length - 1]?.publishedAt ?? 0n;
  }

  #ingestor(exchange: string): Promise<DatabaseManager<'ingestor'>> {
    const { root } = this.#layout;
    return DatabaseManager.open({ root, role: 'ingestor', exchanges: [exchange], waitMs: 30_000 });
  }
}
