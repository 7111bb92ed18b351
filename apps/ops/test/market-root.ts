import { writeFileSync } from 'node:fs';
import { Manifest, verifyCorrectionChain } from '@tb/history';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { layoutOf } from '@tb/schema';
import { Multiset } from '@tb/testkit';
import { importFiles } from '../src/import/import-files.ts';
import type { ImportOptions, ImportResult } from '../src/import/import-options.ts';
import { parseInputOptions } from '../src/input/input-options.ts';
import { type RolloverOptions, type RolloverResult, rollover } from '../src/rollover/rollover.ts';

/** One trade of a test. */
export interface Row {
  readonly symbol: string;
  readonly ms: number;
  readonly price: number;
  readonly volume: number;
}

const SILENT = { update: (): void => undefined, end: (): void => undefined };

/** A data root whose market data of nse tests write and read by functions, without a process for each command. */
export class MarketRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async create(path: string): Promise<MarketRoot> {
    await initialiseRoot(layoutOf(path));
    return new MarketRoot(path);
  }

  /** Acknowledged rows of the live buffer that came after the freeze of their date. */
  async append(rows: readonly Row[]): Promise<number> {
    await using manager = await this.#ingestor();
    const ack = await manager.live('nse').append({
      symbol: rows.map(({ symbol }) => symbol),
      ts: BigInt64Array.from(rows, ({ ms }) => BigInt(ms) * 1_000_000n),
      price: Float64Array.from(rows, ({ price }) => price),
      volume: Float64Array.from(rows, ({ volume }) => volume),
    });
    if (ack.rows !== rows.length) throw new Error(`${ack.rows} of ${rows.length} rows were stored`);
    return ack.late;
  }

  async rollover(options: RolloverOptions = {}): Promise<RolloverResult> {
    await using manager = await this.#ingestor();
    return await rollover(options, {
      layout: layoutOf(this.path),
      live: manager.live('nse'),
      calendar: manager.calendarOf('nse'),
      waitMs: 10_000,
    });
  }

  async import(
    kind: 'ticks' | 'candles',
    files: readonly string[],
    options: Partial<ImportOptions> = {},
  ): Promise<ImportResult> {
    const timeframe = kind === 'ticks' ? '' : '1m';
    return await importFiles(
      { exchange: 'nse', files, input: parseInputOptions(kind, timeframe, {}), ...options },
      {
        layout: layoutOf(this.path),
        signal: new AbortController().signal,
        startedAt: new Date(),
        progress: SILENT,
      },
    );
  }

  /** The ticks of a date as a bag of symbol, time, price and volume. */
  async ticks(date: string, asOf?: bigint): Promise<string> {
    const keys: string[] = [];
    await using manager = await DatabaseManager.open({ root: this.path, role: 'reader' });
    const request = { exchange: 'nse', ...rangeOf(date), asOf, onGap: 'report' } as const;
    await using result = await queryOf(manager).ticks(request);
    for await (const { symbol, ts, price, volume } of result.rows())
      keys.push(keyOf({ symbol, ms: Number(ts / 1_000_000n), price, volume }));
    return Multiset.of(keys).digest();
  }

  /** The candles of a date, by START and symbol. */
  async candles(date: string, timeframe: string): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    await using manager = await DatabaseManager.open({ root: this.path, role: 'reader' });
    const request = { exchange: 'nse', ...rangeOf(date), timeframe, onGap: 'report' } as const;
    await using result = await queryOf(manager).candles(request);
    for await (const { symbol, ts, open, high, low, close, volume } of result.rows())
      rows.push({ symbol, ms: Number(ts / 1_000_000n), open, high, low, close, volume });
    return rows;
  }

  /** Revisions of the ticks of a date, and the records of corrections, whose chain is checked. */
  record(date: string): { revisions: number[]; why: string[]; added: number[] } {
    using manifest = Manifest.openReader(layoutOf(this.path));
    const snapshot = manifest.snapshot();
    verifyCorrectionChain(snapshot.corrections);
    const ticks = snapshot.revisionsOf('nse', date).filter(({ kind }) => kind === 'ticks');
    return {
      revisions: ticks.map(({ revision }) => revision),
      why: snapshot.corrections.map(({ why }) => why),
      added: snapshot.corrections.map(({ rowsAdded }) => rowsAdded),
    };
  }

  #ingestor(): Promise<DatabaseManager<'ingestor'>> {
    return DatabaseManager.open({
      root: this.path,
      role: 'ingestor',
      exchanges: ['nse'],
      waitMs: 10_000,
    });
  }
}

function queryOf(manager: DatabaseManager<'reader'>): MarketDataQuery {
  return new MarketDataQuery(manager.marketData, {
    calendarOf: (exchange) => manager.calendarOf(exchange),
  });
}

/** From midnight UTC: no window of nse crosses it. */
function rangeOf(date: string): { from: bigint; to: bigint } {
  const from = BigInt(Date.parse(`${date}T00:00:00Z`)) * 1_000_000n;
  return { from, to: from + 86_400_000_000_000n };
}

const keyOf = ({ symbol, ms, price, volume }: Row): string => `${symbol},${ms},${price},${volume}`;

/** What `MarketRoot.ticks` gives for rows. */
export function bagOf(rows: readonly Row[]): string {
  return Multiset.of(rows.map(keyOf)).digest();
}

/** Writes ticks as CSV; answers the path. */
export function writeTicksCsv(path: string, rows: readonly Row[]): string {
  const lines = rows.map(
    ({ symbol, ms, price, volume }) =>
      `${symbol},${new Date(ms).toISOString()},${price},${volume}\n`,
  );
  writeFileSync(path, `symbol,ts,price,volume\n${lines.join('')}`);
  return path;
}

/**
 * Candles of a date, made here and nowhere else. Rows of a symbol differ in time, or stand in the order in which they came.
 * @param openMs The first one is counted from here.
 */
export function candlesOf(
  rows: readonly Row[],
  openMs: number,
  widthMs: number,
): Record<string, unknown>[] {
  const groups = new Map<string, { ms: number; symbol: string; rows: Row[] }>();
  for (const row of rows) {
    const ms = openMs + Math.floor((row.ms - openMs) / widthMs) * widthMs;
    const key = `${ms} ${row.symbol}`;
    const group = groups.get(key) ?? { ms, symbol: row.symbol, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()]
    .sort((a, b) => a.ms - b.ms || (a.symbol < b.symbol ? -1 : 1))
    .map(({ ms, symbol, rows: own }) => {
      const byTime = [...own].sort((a, b) => a.ms - b.ms);
      const prices = own.map(({ price }) => price);
      return {
        symbol,
        ms,
        open: byTime[0]?.price,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: byTime[byTime.length - 1]?.price,
        volume: own.reduce((sum, { volume }) => sum + volume, 0),
      };
    });
}
