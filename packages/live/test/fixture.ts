import { calendarOf, type SessionCalendar } from '@tb/calendar';
import { LiveBuffer, type LiveBufferOptions, LiveReader, type SymbolRegistry } from '@tb/live';
import { type Layout, layoutOf, type TickBatch } from '@tb/schema';
import { type TempRoot, tempRoot } from '@tb/testkit';

/** Gives sids 1, 2, 3, ... in the order of the first request. */
export class FakeRegistry implements SymbolRegistry {
  readonly sids: Map<string, number> = new Map();
  readonly calls: { readonly symbols: readonly string[]; readonly tradingDate: string }[] = [];

  async sidsOf(
    _exchange: string,
    symbols: readonly string[],
    tradingDate: string,
  ): Promise<ReadonlyMap<string, number>> {
    this.calls.push({ symbols, tradingDate });
    for (const symbol of symbols)
      if (!this.sids.has(symbol)) this.sids.set(symbol, this.sids.size + 1);
    return this.sids;
  }
}

/** 2026-02-02, a Monday: 09:15 to 15:30 in Kolkata. */
export const DATE = '2026-02-02';
export const calendar: SessionCalendar = calendarOf('nse');
export const OPEN: bigint = calendar.sessionOf(DATE)!.open;
export const SECOND = 1_000_000_000n;
export const MINUTE: bigint = 60n * SECOND;

export interface Stage extends AsyncDisposable {
  readonly root: TempRoot;
  readonly layout: Layout;
  readonly registry: FakeRegistry;
  /** Opens the buffer; the stage closes it. */
  open(options?: Partial<LiveBufferOptions>): Promise<LiveBuffer>;
  reader(): LiveReader;
}

/** A folder of its own with a live buffer of nse, whose clock stands one second after the open. */
export function stage(label: string, exchange = 'nse'): Stage {
  const root = tempRoot(`live-${label}`);
  const layout = layoutOf(root.path);
  const registry = new FakeRegistry();
  const opened: { close(): unknown }[] = [];
  return {
    root,
    layout,
    registry,
    async open(options = {}) {
      const buffer = await LiveBuffer.open({
        layout,
        exchange,
        calendar: calendarOf(exchange),
        registry,
        now: () => OPEN + SECOND,
        ballastBytes: 0,
        flushMs: 0,
        heartbeatMs: 60_000,
        seal: { auto: false },
        ...options,
      });
      opened.push(buffer);
      return buffer;
    },
    reader() {
      const reader = LiveReader.open({ layout, exchange });
      opened.push(reader);
      return reader;
    },
    async [Symbol.asyncDispose]() {
      for (const resource of opened.reverse()) await resource.close();
      root.remove();
    },
  };
}

export type Row = readonly [symbol: string, ts: bigint, price: number, volume?: number];

/** A batch of rows written one by one. */
export function batchOf(rows: readonly Row[], source?: string, firstSourceSeq = 1n): TickBatch {
  return {
    symbol: rows.map(([symbol]) => symbol),
    ts: BigInt64Array.from(rows.map(([, ts]) => ts)),
    price: Float64Array.from(rows, ([, , price]) => price),
    volume: Float64Array.from(rows, ([, , , volume]) => volume ?? 1),
    ...(source === undefined
      ? {}
      : {
          source,
          sourceSeq: BigInt64Array.from(rows.map((_, row) => firstSourceSeq + BigInt(row))),
        }),
  };
}

/** One symbol, prices 1, 2, 3, ..., a millisecond apart. */
export function ticks(count: number, from: bigint = OPEN, symbol = 'TEST'): TickBatch {
  return batchOf(
    Array.from({ length: count }, (_, row) => [
      symbol,
      from + BigInt(row) * 1_000_000n,
      row + 1,
      row % 7,
    ]),
  );
}
