// One process with two copies of @tb/locks, each with a copy of SQLite of its own.
const { dir, copy } = JSON.parse(process.argv[2]);
const first = await import('@tb/locks');
const second = await import(copy);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ event: 'ready' });
const lock = await first.WriterLock.acquire(dir, { purpose: 'first copy' });
const outcome = await second.WriterLock.acquire(dir, { purpose: 'second copy' }).then(
  () => 'granted',
  (error) => `${error.code} ${error.reason}`,
);
const seen = await second.WriterLock.inspect(dir);
lock.assertHeld();
say({ id: 1, value: { outcome, verdict: seen.verdict, distinct: first !== second } });
process.stdin.resume();
