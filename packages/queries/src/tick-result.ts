import { ticksToArrow } from './arrow.ts';
import type { TickChunk, TickRow } from './chunk.ts';
import { ticksToCsv } from './csv.ts';
import type { ResultSource } from './result.ts';
import { type ParquetExport, type TableKind, TableResult } from './table-result.ts';

const TICKS: TableKind<TickChunk, TickRow> = {
  empty: {
    rows: 0,
    sid: new Int32Array(0),
    ts: new BigInt64Array(0),
    seq: new BigInt64Array(0),
    price: new Float64Array(0),
    volume: new Float64Array(0),
    bid: new Float64Array(0),
    ask: new Float64Array(0),
    code: new Int32Array(0),
  },
  rowOf: (chunk, i, symbols) => {
    const [bid, ask] = [chunk.bid[i]!, chunk.ask[i]!];
    return {
      symbol: symbols[chunk.code[i]!]!,
      ts: chunk.ts[i]!,
      seq: chunk.seq[i]!,
      price: chunk.price[i]!,
      volume: chunk.volume[i]!,
      ...(Number.isNaN(bid) ? {} : { bid }),
      ...(Number.isNaN(ask) ? {} : { ask }),
    };
  },
  toArrow: ticksToArrow,
  toCsv: ticksToCsv,
};

/** Ticks in order (ts, symbol, seq). Read it once, in one of its forms. */
export class TickResult extends TableResult<TickChunk, TickRow> {
  constructor(source: ResultSource<TickChunk>, exporter?: ParquetExport) {
    super(TICKS, source, exporter);
  }
}
