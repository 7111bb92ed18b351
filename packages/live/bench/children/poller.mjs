// Polls a live buffer as a bot does, and notes when each newest seq was first seen. argv: JSON { root, exchange, pollMs }.
// 'stop' is answered with { reads, seen: [seq, monotonic ns][], rssMb }.
import { LiveReader } from '@tb/live';
import { layoutOf } from '@tb/schema';

const { root, exchange, pollMs } = JSON.parse(process.argv[2]);
const reader = LiveReader.open({ layout: layoutOf(root), exchange });
const seen = [];
let reads = 0;
let last = 0n;
let stopped = false;
process.once('disconnect', () => process.exit(1)); // the parent is gone
process.on('message', () => {
  stopped = true;
});
process.send({ ready: true });
while (!stopped) {
  const { seq } = reader.snapshot();
  reads++;
  if (seq !== last) seen.push([String(seq), String(process.hrtime.bigint())]);
  last = seq;
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}
process.send({ reads, seen, rssMb: process.memoryUsage().rss / 2 ** 20 }, () =>
  process.disconnect(),
);
