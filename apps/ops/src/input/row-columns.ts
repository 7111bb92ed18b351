import type { CellRow } from './cell-row.ts';
import type { RowValues } from './row-check.ts';

/** Good rows as columns. The check fills `values`, `keep` takes them over; `end` cuts the columns to what was kept. */
export class RowColumns {
  readonly symbol: string[] = [];
  readonly sourceSeq: (bigint | undefined)[] = [];
  readonly source: (string | undefined)[] = [];
  readonly raw: CellRow['raw'][] = [];
  readonly values: RowValues;
  ts: BigInt64Array;
  /** The file's row of each row. */
  row: BigInt64Array;
  numbers: Float64Array[];

  /** @param capacity Rows at most. @param width Number columns. */
  constructor(capacity: number, width: number) {
    this.ts = new BigInt64Array(capacity);
    this.row = new BigInt64Array(capacity);
    this.numbers = Array.from({ length: width }, () => new Float64Array(capacity));
    this.values = {
      symbol: '',
      ts: 0n,
      numbers: new Float64Array(width),
      sourceSeq: undefined,
      source: undefined,
    };
  }

  keep({ row, raw }: CellRow): void {
    const { symbol, ts, numbers, sourceSeq, source } = this.values;
    const at = this.symbol.push(symbol) - 1;
    this.ts[at] = ts;
    this.row[at] = BigInt(row);
    for (let i = 0; i < numbers.length; i++) this.numbers[i]![at] = numbers[i]!;
    this.sourceSeq.push(sourceSeq);
    this.source.push(source);
    this.raw.push(raw);
  }

  end(): this {
    const count = this.symbol.length;
    this.ts = this.ts.subarray(0, count);
    this.row = this.row.subarray(0, count);
    this.numbers = this.numbers.map((column) => column.subarray(0, count));
    return this;
  }
}
