export type { Candle, CandleBatch, CandleColumns } from './candle.ts';
export type { Optional } from './column-type.ts';
export { createFolder, createFolderSync } from './create-folder.ts';
export {
  type ErrorEntry,
  isSchemaError,
  SchemaError,
  type SchemaErrorCode,
  schemaErrors,
} from './errors.ts';
export { type FileHash, type HashedFile, hashFile } from './hash-file.ts';
export {
  DATABASES,
  type Database,
  type DayFileKey,
  type Kind,
  type Layout,
  layoutOf,
  type StoreName,
} from './layout.ts';
export {
  assertMigrated,
  type MigratedDatabase,
  type Migration,
  migrate,
  migrationsOf,
  readSql,
  type SqliteConnection,
} from './migration.ts';
export {
  assertExchange,
  assertMonth,
  assertRunId,
  assertSymbol,
  assertTradingDate,
  isSymbol,
  isTradingDate,
} from './names.ts';
export type {
  Column,
  ColumnChunk,
  LiveTick,
  MarketDataReader,
  MarketDataRequest,
  MarketDataSnapshot,
  MarketDataSource,
  PublishedFile,
  SqlValue,
  Watermark,
} from './reader.ts';
export type * from './rows/config-rows.ts';
export type * from './rows/index-rows.ts';
export type * from './rows/signals-rows.ts';
export type * from './rows/trading-rows.ts';
export { type SealStep, sealFile } from './seal-file.ts';
export { syncFolder } from './sync-folder.ts';
export type { Tick, TickBatch, TickColumns } from './tick.ts';
export {
  isStoredTimeframe,
  parseTimeframe,
  STORED_TIMEFRAMES,
  type StoredTimeframe,
  type Timeframe,
  timeframeNs,
} from './timeframe.ts';
export { APPLICATION_ID, SCHEMA_VERSION } from './version.ts';
