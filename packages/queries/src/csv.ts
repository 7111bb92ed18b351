import type { CandleChunk, TickChunk } from './chunk.ts';
import { isoOf } from './range.ts';

/** CSV of candles (RFC 4180, \n), a piece a chunk. Numbers in their shortest form that reads back bit by bit. */
export async function* candlesToCsv(
  chunks: AsyncIterable<CandleChunk>,
  symbols: readonly string[],
): AsyncGenerator<string, void, undefined> {
  const names = symbols.map(csvText);
  yield 'symbol,ts,open,high,low,close,volume,filled\n';
  for await (const c of chunks) {
    let text = '';
    for (let i = 0; i < c.rows; i++) {
      const values = [c.open[i]!, c.high[i]!, c.low[i]!, c.close[i]!, c.volume[i]!].map(csvNumber);
      text += `${names[c.code[i]!]},${isoOf(c.ts[i]!)},${values.join(',')},${c.filled[i]}\n`;
    }
    yield text;
  }
}

export async function* ticksToCsv(
  chunks: AsyncIterable<TickChunk>,
  symbols: readonly string[],
): AsyncGenerator<string, void, undefined> {
  const names = symbols.map(csvText);
  yield 'symbol,ts,seq,price,volume,bid,ask\n';
  for await (const c of chunks) {
    let text = '';
    for (let i = 0; i < c.rows; i++) {
      const values = [c.price[i]!, c.volume[i]!, c.bid[i]!, c.ask[i]!].map(csvNumber);
      text += `${names[c.code[i]!]},${isoOf(c.ts[i]!)},${c.seq[i]},${values.join(',')}\n`;
    }
    yield text;
  }
}

/** Quoted where a comma, a quote or a space at an end would be misread. */
function csvText(value: string): string {
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** NaN, which stands for absent, is empty. */
function csvNumber(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}
