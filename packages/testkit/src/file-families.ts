import { makeFullRoot, makeKilledRoot, makeLiveRoot } from './scenarios/file-roots.ts';

/** Files of one kind, and who reads them. */
export interface Family {
  readonly name: string;
  readonly make: (root: string) => Promise<void>;
  /** Paths relative to the data root. */
  readonly pattern: RegExp;
  /** A kind of question of `judge-files.mjs`. */
  readonly kind: string;
  /**
   * A sha256 of every byte is recorded elsewhere, or the answer is the same whatever the file says: a wrong answer is a
   * violation. Else it is counted: pages of SQLite and text that people write have no checksum.
   */
  readonly isSealed: boolean;
}

/** Every kind of file that a data root has. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'day files',
    make: makeFullRoot,
    pattern: /^market_data\/nse\/(ticks|candles\/[^/]+)\/[^/]+\.duckdb$/,
    kind: 'published',
    isSealed: true,
  },
  {
    name: 'month files',
    make: makeFullRoot,
    pattern: /\/months\/.*\.duckdb$/,
    kind: 'published',
    isSealed: true,
  },
  {
    name: 'archived files',
    make: makeFullRoot,
    pattern: /\.parquet$/,
    kind: 'published',
    isSealed: true,
  },
  {
    name: 'segments',
    make: makeLiveRoot,
    pattern: /segments\/.*\.duckdb$/,
    kind: 'segment',
    isSealed: true,
  },
  {
    name: 'run files',
    make: makeFullRoot,
    pattern: /^backtest\/runs\/.*\.duckdb$/,
    kind: 'run',
    isSealed: true,
  },
  {
    name: 'backups',
    make: makeFullRoot,
    pattern: /^backups\/.*\.db$/,
    kind: 'backup',
    isSealed: true,
  },
  {
    name: 'backup manifests',
    make: makeFullRoot,
    pattern: /^backups\/.*manifest\.json$/,
    kind: 'backup',
    isSealed: false,
  },
  {
    name: 'lock records',
    make: makeFullRoot,
    pattern: /^(trading|market_data)\/\.writer\.lock$/,
    kind: 'lock',
    isSealed: false,
  },
  {
    name: '.schema_version',
    make: makeFullRoot,
    pattern: /\.schema_version$/,
    kind: 'version',
    isSealed: true,
  },
  { name: 'live.db', make: makeLiveRoot, pattern: /live\.db$/, kind: 'live', isSealed: false },
  {
    name: 'live.db-wal',
    make: makeKilledRoot,
    pattern: /live\.db-wal$/,
    kind: 'live',
    isSealed: false,
  },
  {
    name: 'manifest.db',
    make: makeFullRoot,
    pattern: /manifest\.db$/,
    kind: 'manifest',
    isSealed: false,
  },
  {
    name: 'operational databases',
    make: makeFullRoot,
    pattern: /^(trading|signals|config|backtest)\/[a-z]+\.db$/,
    kind: 'store',
    isSealed: false,
  },
  {
    name: 'calendars',
    make: makeFullRoot,
    pattern: /^calendars\/.*\.json$/,
    kind: 'calendar',
    isSealed: false,
  },
];
