// A listener that throws: the lock works, and the error surfaces as an uncaught exception.
import { WriterLock } from '@tb/locks';

const { dir } = JSON.parse(process.argv[2]);
let uncaught = 0;
process.on('uncaughtException', () => {
  uncaught += 1;
});
process.stdout.write('{"event":"ready"}\n');
const lock = await WriterLock.acquire(dir, {
  purpose: 'test',
  onEvent: () => {
    throw new Error('listener');
  },
});
lock.assertHeld();
await lock.release();
await new Promise((resolve) => setTimeout(resolve, 10));
process.exit(uncaught === 9 ? 0 : 1);
