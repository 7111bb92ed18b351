export type { Ack, AppendOptions, RejectedRow, RejectReason } from './ack.ts';
export { isLiveError, LiveError, type LiveErrorCode, liveErrors } from './errors.ts';
export type { LiveEvent, LiveEventHandler, LiveStep, SegmentStep } from './event.ts';
export { LiveBuffer, type NewTick, type PublishedProof, type SealResult } from './live-buffer.ts';
export {
  type FollowBatch,
  type FollowOptions,
  LiveReader,
  type LiveReaderOptions,
} from './live-reader.ts';
export type {
  CoverageEntry,
  DayState,
  FormingCandle,
  LiveDay,
  LiveDayState,
  LiveSnapshot,
  SegmentEntry,
  TickChunk,
} from './live-snapshot.ts';
export { type AppendConnection, loadCandles, loadTicks, type TableName } from './load.ts';
export type {
  BackpressureOptions,
  LiveBufferOptions,
  LiveMetrics,
  SealOptions,
} from './options.ts';
export { verifySegment } from './segment-file.ts';
export type { SymbolRegistry } from './symbol-registry.ts';
