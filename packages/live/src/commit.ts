import type { SuppliedCandle } from './admit-candles.ts';
import type { CandleBuilder } from './candle-builder.ts';
import { writeClosed, writeForming } from './candle-store.ts';
import { CODEC, encodeTicks } from './codec.ts';
import { cutCoverage } from './coverage.ts';
import type { CoverageEntry } from './live-snapshot.ts';
import type { StagedDay, Staging } from './staging.ts';
import type { Statements } from './statements.ts';
import type { SymbolState } from './symbol-state.ts';
import type { WriterState } from './writer-state.ts';

/** Everything that one transaction writes. */
export interface Flush {
  readonly staging: Staging;
  readonly supplied: readonly SuppliedCandle[];
  /** Symbols that live.db does not have yet. */
  readonly newSymbols: readonly SymbolState[];
  readonly droppedRows: number;
  /** Times in which rows were dropped. */
  readonly holes: readonly CoverageEntry[];
  readonly nowNs: bigint;
}

/** What the state of the writer becomes once the transaction is committed. */
export interface FlushResult {
  readonly nextSeq: number;
  readonly candleVersion: bigint;
  readonly lateRows: number;
}

/**
 * Writes a flush: ticks as one BLOB a trading date, candles, marks and counters. Runs inside a transaction; the memory of
 * the writer changes only in `builder`, which the caller accepts after COMMIT or rolls back.
 */
export function writeFlush(
  statements: Statements,
  state: WriterState,
  builder: CandleBuilder,
  flush: Flush,
): FlushResult {
  const { staging } = flush;
  for (const symbol of flush.newSymbols) statements.insertSymbol.run(symbol.sid, symbol.symbol);
  let nextSeq = state.nextSeq;
  let lateRows = 0;
  let newDays = 0;
  for (const staged of staging.days.values()) {
    staged.firstSeq = nextSeq;
    nextSeq += staged.rows;
    if (staged.isLate) lateRows += staged.rows;
    else foldDay(builder, staged);
    newDays += writeDay(statements, state, staged.day.tradingDate);
    writeBatch(statements, staged);
  }
  for (const { day } of flush.supplied) newDays += writeDay(statements, state, day.tradingDate);
  const candleVersion = state.candleVersion + 1n;
  writeCandles(statements, builder, flush.supplied, candleVersion);
  for (const hole of flush.holes) cutCoverage(statements, hole);
  for (const [source, mark] of staging.marks)
    statements.upsertSource.run(source, mark.last, mark.duplicates, mark.gaps);
  statements.updateCounters.run(
    BigInt(nextSeq),
    candleVersion,
    flush.nowNs,
    newDays > 0 ? 1 : 0,
    flush.newSymbols.length,
    staging.duplicates,
    lateRows,
    staging.rejected,
    flush.droppedRows,
  );
  return { nextSeq, candleVersion, lateRows };
}

/** The row of a date that is new; 1 when it was written. A repeated call in one transaction finds it there. */
function writeDay(statements: Statements, state: WriterState, tradingDate: string): number {
  return state.days.has(tradingDate) ? 0 : statements.insertDay.run(tradingDate).changes;
}

function foldDay(builder: CandleBuilder, staged: StagedDay): void {
  const { day, symbol, offset, price, volume, bid, ask, firstSeq } = staged;
  for (let row = 0; row < staged.rows; row++)
    builder.add(
      symbol[row]!,
      day,
      offset[row]!,
      firstSeq + row,
      price[row]!,
      volume[row]!,
      bid[row]!,
      ask[row]!,
    );
}

function writeBatch(statements: Statements, staged: StagedDay): void {
  const { data, crc } = encodeTicks(staged);
  const insert = staged.isLate ? statements.insertLate : statements.insertTail;
  insert.run(
    BigInt(staged.firstSeq),
    BigInt(staged.firstSeq + staged.rows - 1),
    staged.day.tradingDate,
    staged.rows,
    staged.day.tsOf(staged.minOffset),
    staged.day.tsOf(staged.maxOffset),
    CODEC,
    crc,
    data,
  );
}

/** Writes what the builder changed, and supplied candles. */
export function writeCandles(
  statements: Statements,
  builder: CandleBuilder,
  supplied: readonly SuppliedCandle[],
  version: bigint,
): void {
  const changes = builder.changes();
  for (const closed of changes.closed) writeClosed(statements, closed, version);
  for (const candle of changes.forming) writeForming(statements, candle, version);
  for (const sid of changes.ended) statements.deleteForming.run(sid);
  for (const candle of supplied)
    statements.upsertCandle.run(
      candle.sid,
      candle.ts,
      candle.day.tradingDate,
      candle.open,
      candle.high,
      candle.low,
      candle.close,
      candle.volume,
      candle.state,
      'supplied',
      candle.revision,
      null,
      null,
      null,
      null,
      version,
    );
}
