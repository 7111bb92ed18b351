import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { SchemaError } from './errors.ts';
import { assertExchange, assertMonth, assertRunId, assertTradingDate } from './names.ts';
import { isStoredTimeframe, type StoredTimeframe } from './timeframe.ts';

export type Kind = 'ticks' | 'candles';

/** The six databases. `live_buffer` and `market_data` have one writer lock per exchange, and one, respectively. */
export type Database =
  | 'market_data'
  | 'live_buffer'
  | 'trading'
  | 'signals'
  | 'config'
  | 'backtest';

export const DATABASES: readonly Database[] = [
  'market_data',
  'live_buffer',
  'trading',
  'signals',
  'config',
  'backtest',
];

/** The databases that are one SQLite file. */
export type StoreName = 'trading' | 'signals' | 'config' | 'index';

/** Names one published file: one exchange, kind, timeframe, trading date, revision. */
export interface DayFileKey {
  readonly exchange: string;
  readonly kind: Kind;
  /** '' for ticks. */
  readonly timeframe: StoredTimeframe | '';
  readonly tradingDate: string;
  /** 1 for the first publication; a correction adds one. */
  readonly revision: number;
}

/**
 * Every path of a data root. Names are checked before they become part of a path, so that no exchange, date or run id
 * can leave the root; symbols never are part of one.
 */
export interface Layout {
  readonly root: string;
  readonly schemaVersionFile: string;
  readonly marketData: string;
  readonly manifest: string;
  readonly liveBuffer: string;
  liveDir(exchange: string): string;
  liveDb(exchange: string): string;
  segmentsDir(exchange: string): string;
  storeDir(store: StoreName): string;
  storeDb(store: StoreName): string;
  readonly runsDir: string;
  runFile(runId: string): string;
  readonly backups: string;
  readonly quarantine: string;
  readonly legacy: string;
  /** Holidays that users add: `calendars/<exchange>.json`. */
  readonly calendars: string;
  calendarFile(exchange: string): string;
  /** Path of a day file relative to the root, with `/` on every system: what the manifest stores. */
  dayFile(key: DayFileKey): string;
  monthFile(exchange: string, timeframe: StoredTimeframe, month: string): string;
  /** The file of everything up to a month: `market_data/nse/candles/1d/whole/2026-01.duckdb`, relative. */
  wholeFile(exchange: string, timeframe: StoredTimeframe, lastMonth: string): string;
  /** Archive tier: Hive layout, `market_data/archive/exchange=nse/kind=ticks/date=2026-02-02/r1.parquet`, relative. */
  archiveFile(key: DayFileKey): string;
  /** Absolute path of a stored relative one. @throws `BAD_NAME` if it would leave the root. */
  absolute(path: string): string;
  /** The folder whose `.writer.lock` guards a database; live_buffer wants its exchange. */
  lockDir(database: Database, exchange?: string): string;
}

/** @param root The data root, absolute or relative to the working directory. Touches no file. */
export function layoutOf(root: string): Layout {
  if (typeof root !== 'string' || root === '' || root.includes('\0'))
    throw new SchemaError('BAD_NAME', 'The data root is empty or has a NUL', {
      hint: 'Give --root DIR or TB_ROOT.',
    });
  const base = resolve(root);
  const at = (...parts: string[]): string => join(base, ...parts);
  const stores: Record<StoreName, [string, string]> = {
    trading: ['trading', 'trading.db'],
    signals: ['signals', 'signals.db'],
    config: ['config', 'config.db'],
    index: ['backtest', 'index.db'],
  };
  const exchangeOf = (exchange: string): string => {
    assertExchange(exchange);
    return exchange;
  };
  const keyed = (key: DayFileKey): string[] => {
    assertExchange(key.exchange);
    assertTradingDate(key.tradingDate);
    if (
      key.kind === 'ticks'
        ? key.timeframe !== ''
        : key.kind !== 'candles' || !isStoredTimeframe(key.timeframe)
    )
      throw new SchemaError(
        'BAD_NAME',
        `No day file of kind ${key.kind} and timeframe ${JSON.stringify(key.timeframe)}`,
      );
    if (!Number.isSafeInteger(key.revision) || key.revision < 1)
      throw new SchemaError('BAD_NAME', `Revision ${key.revision} is not a whole number above 0`);
    return key.kind === 'ticks'
      ? [key.exchange, 'ticks']
      : [key.exchange, 'candles', key.timeframe];
  };
  const derived = (exchange: string, timeframe: string, folder: string, month: string): string => {
    assertMonth(month);
    if (!isStoredTimeframe(timeframe))
      throw new SchemaError('BAD_NAME', `No months of timeframe ${JSON.stringify(timeframe)}`);
    const name = `${month}.duckdb`;
    return ['market_data', exchangeOf(exchange), 'candles', timeframe, folder, name].join('/');
  };
  return {
    root: base,
    schemaVersionFile: at('market_data', '.schema_version'),
    marketData: at('market_data'),
    manifest: at('market_data', 'manifest.db'),
    liveBuffer: at('live_buffer'),
    liveDir: (exchange) => at('live_buffer', exchangeOf(exchange)),
    liveDb: (exchange) => at('live_buffer', exchangeOf(exchange), 'live.db'),
    segmentsDir: (exchange) => at('live_buffer', exchangeOf(exchange), 'segments'),
    storeDir: (store) => at(stores[store][0]),
    storeDb: (store) => at(...stores[store]),
    runsDir: at('backtest', 'runs'),
    runFile: (runId) => {
      assertRunId(runId);
      return at('backtest', 'runs', `${runId}.duckdb`);
    },
    backups: at('backups'),
    quarantine: at('quarantine'),
    legacy: at('legacy'),
    calendars: at('calendars'),
    calendarFile: (exchange) => at('calendars', `${exchangeOf(exchange)}.json`),
    dayFile: (key) => {
      const revision = key.revision === 1 ? '' : `.r${key.revision}`;
      return ['market_data', ...keyed(key), `${key.tradingDate}${revision}.duckdb`].join('/');
    },
    monthFile: (exchange, timeframe, month) => derived(exchange, timeframe, 'months', month),
    wholeFile: (exchange, timeframe, month) => derived(exchange, timeframe, 'whole', month),
    archiveFile: (key) => {
      keyed(key);
      const timeframe = key.kind === 'ticks' ? [] : [`timeframe=${key.timeframe}`];
      const parts = [
        `exchange=${key.exchange}`,
        `kind=${key.kind}`,
        ...timeframe,
        `date=${key.tradingDate}`,
      ];
      return ['market_data', 'archive', ...parts, `r${key.revision}.parquet`].join('/');
    },
    absolute: (path) => {
      const full = resolve(base, ...path.split('/'));
      const inside = relative(base, full);
      if (
        path.includes('\0') ||
        isAbsolute(path) ||
        inside === '' ||
        inside === '..' ||
        inside.startsWith(`..${sep}`) ||
        isAbsolute(inside)
      )
        throw new SchemaError(
          'BAD_NAME',
          `Path ${JSON.stringify(path.slice(0, 120))} leaves the data root`,
        );
      return full;
    },
    lockDir: (database, exchange) => {
      if (database === 'live_buffer') return at('live_buffer', exchangeOf(exchange ?? ''));
      return at(database);
    },
  };
}
