// Acquires, keeps no reference, and collects garbage: the lock must not go with the handle.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WriterLock } from '@tb/locks';

const { dir } = JSON.parse(process.argv[2]);
await WriterLock.acquire(dir, { purpose: 'forgotten' });
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
for (let i = 0; i < 20; i++) {
  gc();
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write('{"event":"ready"}\n');
process.stdin.resume();
