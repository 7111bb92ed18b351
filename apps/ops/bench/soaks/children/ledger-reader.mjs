// Reads ticks and 1m candles around the newest tick without pause, through the public queries, and compares every answer with
// the ledger, row by row. Tells the first wrong answer at once; ends on 'stop'.
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { candlesOf, dateIndexOf, ticksUpTo } from './ledger.mjs';

const SHOWN_DATES = 3;
/** Three readers without a pause leave the two cores of a small machine to nobody else. */
const PAUSE_MS = 20;
const [root, text] = process.argv.slice(2);
const { seed, dates } = JSON.parse(text);
const ledger = {
  seed,
  dates: dates.map(({ open, close }) => ({ open: BigInt(open), close: BigInt(close) })),
};
const manager = await DatabaseManager.open({ root, role: 'reader' });
const query = new MarketDataQuery(manager.marketData, {
  calendarOf: (exchange) => manager.calendarOf(exchange),
});
const report = { reads: 0, rows: 0, wrong: [] };
let seen = { seq: 0, version: 0 };

/** The dates to ask for: the newest one, the ones before it, and the next, which may begin at any moment. */
function rangeNow() {
  const newest = dateIndexOf(Math.max(1, seen.seq));
  const from = Math.max(0, newest - SHOWN_DATES + 1);
  const to = Math.min(ledger.dates.length - 1, newest + 1);
  return { from, to, request: { from: ledger.dates[from].open, to: ledger.dates[to].close } };
}

/** Moves the watermark on; a lower one is a step back. */
function advance(watermark) {
  const seq = Number(watermark.live.nse?.seq ?? 0n);
  const version = watermark.manifestVersion;
  if (seq < seen.seq || version < seen.version)
    report.wrong.push(
      `a step back: seq ${seq} after ${seen.seq}, manifest ${version} after ${seen.version}`,
    );
  seen = { seq, version };
  return seq;
}

async function ticks() {
  const { from, to, request } = rangeNow();
  const result = await query.ticks({ exchange: 'nse', onGap: 'report', ...request });
  const seq = advance(result.watermark);
  const wanted = new Map(ticksUpTo(ledger, from, to, seq).map((tick) => [tick.seq, tick]));
  for await (const row of result.rows()) {
    report.rows += 1;
    const tick = wanted.get(Number(row.seq));
    const isRight =
      tick !== undefined &&
      ['symbol', 'ts', 'price', 'volume'].every((name) => tick[name] === row[name]);
    if (!isRight) {
      report.wrong.push(`seq ${row.seq} at watermark ${seq} is there twice, or is no such tick`);
      break;
    }
    wanted.delete(Number(row.seq));
  }
  const [missing] = wanted.keys();
  if (missing !== undefined && report.wrong.length === 0)
    report.wrong.push(`seq ${missing} and ${wanted.size - 1} more are missing at ${seq}`);
  await result[Symbol.asyncDispose]();
}

async function candles() {
  const { from, to, request } = rangeNow();
  const result = await query.candles({
    exchange: 'nse',
    timeframe: '1m',
    onGap: 'report',
    ...request,
  });
  const seq = advance(result.watermark);
  const wanted = candlesOf(ledger, ticksUpTo(ledger, from, to, seq));
  for await (const row of result.rows()) {
    report.rows += 1;
    const key = `${row.symbol} ${row.ts}`;
    const candle = wanted.get(key);
    const isRight =
      candle !== undefined && Object.keys(candle).every((name) => candle[name] === row[name]);
    if (!isRight) {
      report.wrong.push(`candle ${key} at watermark ${seq} is not that of the ledger`);
      break;
    }
    wanted.delete(key);
  }
  if (wanted.size > 0 && report.wrong.length === 0)
    report.wrong.push(`${wanted.size} candles are missing at ${seq}`);
  await result[Symbol.asyncDispose]();
}

let isStopped = false;
process.on('message', () => {
  isStopped = true;
});
process.once('disconnect', () => process.exit(1));
process.send({ ready: true });
// Once more after the last row was told of: what is read then must be the whole.
for (let isLast = false; report.wrong.length === 0; isLast = isStopped) {
  try {
    await ticks();
    await candles();
    report.reads += 2;
  } catch (error) {
    report.wrong.push(`${error.code ?? ''} ${error.stack}`);
  }
  if (isLast) break;
  await sleep(PAUSE_MS);
}
process.removeAllListeners('disconnect');
process.send({ report: { ...report, seq: seen.seq } }, () => process.disconnect());
await manager.close();
