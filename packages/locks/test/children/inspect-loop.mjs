// Inspects a folder as fast as it can, until stdin ends.
import { inspectLock } from '@tb/locks';

const { dir } = JSON.parse(process.argv[2]);
let running = true;
process.stdin.on('end', () => {
  running = false;
});
process.stdin.resume();
process.stdout.write('{"event":"ready"}\n');
let count = 0;
while (running) {
  await inspectLock(dir);
  count += 1;
  if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`{"id":1,"value":${count}}\n`);
