// Reads a day from a live buffer as a bot does. argv: JSON { root, exchange, date }. 'stop' is answered with
// { rssMb, firstCandlesMs, candlesMs, lastTicksMs, candles }.
import { LiveReader } from '@tb/live';
import { layoutOf } from '@tb/schema';

const { root, exchange, date } = JSON.parse(process.argv[2]);
process.once('disconnect', () => process.exit(1)); // the parent is gone

function timed(work) {
  const startMs = performance.now();
  const value = work();
  return [performance.now() - startMs, value];
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const reader = LiveReader.open({ layout: layoutOf(root), exchange });
const symbolDay = (wanted) => {
  const { sid, close, rows } = reader.snapshot().candles(date, { forming: true });
  return [close.slice(sid.indexOf(wanted), sid.lastIndexOf(wanted) + 1), rows];
};
const [firstCandlesMs, [, candles]] = timed(() => symbolDay(1));
const candleTimes = Array.from({ length: 50 }, (_, i) => timed(() => symbolDay(1 + (i % 120)))[0]);
const tickTimes = Array.from(
  { length: 50 },
  (_, i) => timed(() => reader.snapshot().lastTicks(1 + (i % 120), 100))[0],
);
const report = {
  rssMb: process.memoryUsage().rss / 2 ** 20,
  firstCandlesMs,
  candlesMs: median(candleTimes),
  lastTicksMs: median(tickTimes),
  candles,
};
process.on('message', () => process.send(report, () => process.disconnect()));
process.send({ ready: true });
