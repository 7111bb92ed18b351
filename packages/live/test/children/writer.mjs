// A writer that can be killed anywhere. argv: JSON { root, seed, from, batches, kill: { step, count }, synchronous }.
// Sends { acked: k } after each ack. With `kill` it ends itself by SIGKILL at the count-th time of a step.
import { LiveBuffer } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { batchAt, calendar, DATE, EXCHANGE, NEXT, registry } from './workload.mjs';

const { root, seed, from, batches, kill, synchronous, pace, finish } = JSON.parse(process.argv[2]);
const now = calendar.sessionOf(DATE).open + 60_000_000_000n;
let seen = 0;
process.once('disconnect', () => process.exit(1)); // the parent is gone

const buffer = await LiveBuffer.open({
  layout: layoutOf(root),
  exchange: EXCHANGE,
  calendar,
  registry,
  synchronous,
  waitMs: 5_000,
  now: () => now,
  ballastBytes: 0,
  flushMs: 0,
  heartbeatMs: 50,
  seal: {
    auto: pace !== undefined,
    rows: 400,
    compactCount: 2,
    compactRows: 2_000,
    garbageMs: pace === undefined ? 0 : 500,
  },
  onEvent: (event) => {
    if (event.type !== 'step' || event.step !== kill?.step || ++seen < kill.count) return;
    process.kill(process.pid, 'SIGKILL');
  },
});
process.send({ ready: true });

async function append(k, date) {
  const ack = await buffer.append(batchAt(seed, k, date));
  if (ack.rejected.length > 0) throw new Error(`rejected ${JSON.stringify(ack.rejected)}`);
  process.send({ acked: k, date });
}

async function clear(date) {
  if (buffer.days().some(({ tradingDate, state }) => tradingDate === date && state === 'cleared'))
    return;
  const { frozenSeq } = await buffer.freeze(date);
  const day = buffer.days().find(({ tradingDate }) => tradingDate === date);
  const publishedProof = {
    manifestVersion: 1,
    frozenSeq,
    tickRows: day.rows,
    candleRows: day.candles,
  };
  await buffer.clear(date, { publishedProof });
}

for (let k = from; k < from + batches; k++) {
  await append(k, DATE);
  if (pace !== undefined) await new Promise((resolve) => setTimeout(resolve, pace));
  else if (k % 2 === 1) await buffer.seal();
}
if (pace === undefined) {
  await buffer.compact();
  await buffer.sweepGarbage();
}
if (finish) {
  await append(0, NEXT);
  await clear(DATE);
  await buffer.sweepGarbage();
}
await buffer.close();
process.removeAllListeners('disconnect');
process.send({ done: true }, () => process.disconnect());
