import type { CandleChunk, TickChunk } from './chunk.ts';
import { QueryError } from './errors.ts';

/** An Arrow table, structurally: `Table` of apache-arrow, whose types callers have when they have the package. */
export interface ArrowTable {
  readonly numRows: number;
  readonly numCols: number;
  getChild(name: string): unknown;
}

/** The parts of the package apache-arrow (15 or newer) that are used here. */
export interface ArrowModule {
  makeData(props: object): unknown;
  vectorFromArray(values: readonly string[], type: unknown): unknown;
  readonly Table: new (columns: Record<string, unknown>) => ArrowTable;
  readonly Vector: new (data: readonly unknown[]) => unknown;
  readonly Dictionary: new (values: unknown, indices: unknown) => unknown;
  readonly Utf8: new () => unknown;
  readonly Int32: new () => unknown;
  readonly Int64: new () => unknown;
  readonly Uint8: new () => unknown;
  readonly Float64: new () => unknown;
  readonly Timestamp: new (unit: number, timeZone: string) => unknown;
  readonly TimeUnit: { readonly NANOSECOND: number };
}

const PACKAGE: string = 'apache-arrow';

/** @throws `ARROW_MISSING` */
export async function loadArrow(name: string = PACKAGE): Promise<ArrowModule> {
  try {
    return (await import(name)) as ArrowModule;
  } catch (cause) {
    throw new QueryError('ARROW_MISSING', `The package ${name} cannot be loaded`, { cause });
  }
}

type Values = Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** One record batch a chunk; the arrays of the chunks become its buffers without a copy. */
export async function candlesToArrow(
  arrow: ArrowModule,
  chunks: AsyncIterable<CandleChunk>,
  symbols: readonly string[],
): Promise<ArrowTable> {
  const batches: CandleChunk[] = [];
  for await (const chunk of chunks) batches.push(chunk);
  const { column, dictionary } = columnsOf(arrow, batches, symbols);
  const double = new arrow.Float64();
  return new arrow.Table({
    symbol: dictionary(),
    ts: column((c) => c.ts, new arrow.Timestamp(arrow.TimeUnit.NANOSECOND, 'UTC')),
    open: column((c) => c.open, double),
    high: column((c) => c.high, double),
    low: column((c) => c.low, double),
    close: column((c) => c.close, double),
    volume: column((c) => c.volume, double),
    filled: column((c) => c.filled, new arrow.Uint8()),
  });
}

export async function ticksToArrow(
  arrow: ArrowModule,
  chunks: AsyncIterable<TickChunk>,
  symbols: readonly string[],
): Promise<ArrowTable> {
  const batches: TickChunk[] = [];
  for await (const chunk of chunks) batches.push(chunk);
  const { column, dictionary } = columnsOf(arrow, batches, symbols);
  const double = new arrow.Float64();
  return new arrow.Table({
    symbol: dictionary(),
    ts: column((c) => c.ts, new arrow.Timestamp(arrow.TimeUnit.NANOSECOND, 'UTC')),
    seq: column((c) => c.seq, new arrow.Int64()),
    price: column((c) => c.price, double),
    volume: column((c) => c.volume, double),
    bid: column((c) => c.bid, double),
    ask: column((c) => c.ask, double),
  });
}

interface Columns<Chunk> {
  readonly column: (pick: (chunk: Chunk) => Values, type: unknown) => unknown;
  readonly dictionary: () => unknown;
}

function columnsOf<Chunk extends { readonly rows: number; readonly code: Int32Array }>(
  arrow: ArrowModule,
  chunks: readonly Chunk[],
  symbols: readonly string[],
): Columns<Chunk> {
  const vector = (parts: readonly object[]): unknown =>
    new arrow.Vector(parts.map((part) => arrow.makeData(part)));
  const text = new arrow.Utf8();
  const names = arrow.vectorFromArray(symbols, text);
  const coded = new arrow.Dictionary(text, new arrow.Int32());
  const partsOf = (type: unknown, pick: (chunk: Chunk) => Values, more: object): object[] =>
    (chunks.length > 0 ? chunks : [undefined]).map((chunk) => ({
      type,
      length: chunk?.rows ?? 0,
      nullCount: 0,
      ...(chunk ? { data: pick(chunk) } : {}),
      ...more,
    }));
  return {
    column: (pick, type) => vector(partsOf(type, pick, {})),
    dictionary: () => vector(partsOf(coded, (chunk) => chunk.code, { dictionary: names })),
  };
}
