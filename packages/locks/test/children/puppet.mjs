// A process that acquires and then does what it is told, one JSON line a command; see test/puppet.ts.
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectLock, openSqlite, WriterLock } from '@tb/locks';

const config = JSON.parse(process.argv[2]);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const failure = (error) => ({
  code: error.code ?? error.name,
  message: error.message,
  hint: error.hint,
  reason: error.reason,
  holder: error.holder,
});

const fence = config.fence === undefined ? undefined : openSqlite(config.fence);
let lock;
let lostCode;

const verbs = {
  acquire: async (options) => {
    lock = await WriterLock.acquire(config.dir, {
      purpose: config.purpose ?? 'puppet',
      fence,
      heartbeat: config.heartbeat,
      waitMs: config.waitMs,
      foreign: config.foreign,
      foreignQuietMs: config.foreignQuietMs,
      onEvent: (event) => {
        if (event.step !== undefined && event.step === config.killAt)
          process.kill(process.pid, 'SIGKILL');
        if (event.type !== 'step' && event.type !== 'waiting') say({ event: event.type });
      },
      ...options,
    });
    lock.signal.addEventListener('abort', () => {
      lostCode = lock.signal.reason.code;
    });
    return { epoch: lock.epoch, token: lock.token };
  },
  release: () => lock.release(),
  assertHeld: () => lock.assertHeld(),
  lost: () => ({ lostCode }),
  inspect: () => inspectLock(config.dir),
  write: ({ text }) =>
    lock.write((db) =>
      db.prepare('INSERT INTO t (text, epoch) VALUES (?, ?)').run(text, lock.epoch),
    ),
  /** Stops itself inside the transaction; another process continues it. */
  stopInWrite: ({ text }) =>
    lock.write((db) => {
      db.prepare('INSERT INTO t (text, epoch) VALUES (?, ?)').run(text, lock.epoch);
      say({ event: 'inside' });
      process.kill(process.pid, 'SIGSTOP');
    }),
  /** Keeps the write transaction open, and the event loop blocked. */
  longWrite: ({ text, ms }) =>
    lock.write((db) => {
      db.prepare('INSERT INTO t (text, epoch) VALUES (?, ?)').run(text, lock.epoch);
      say({ event: 'inside' });
      block(ms);
    }),
  block: ({ ms }) => {
    say({ event: 'inside' });
    block(ms);
  },
  /** Grows the resident memory, which the kernel must free before it frees the lock. */
  grow: ({ sizeBytes }) => {
    globalThis.ballast = [];
    for (let left = sizeBytes; left > 0; left -= 2 ** 28)
      globalThis.ballast.push(Buffer.alloc(2 ** 28, 1));
    return { rss: process.memoryUsage.rss() };
  },
  /** Takes all the space there is, or so many bytes. */
  fill: ({ sizeBytes }) => {
    const file = openSync(`${config.dir}/filler`, 'w');
    try {
      for (let left = sizeBytes ?? Number.POSITIVE_INFINITY; left > 0; left -= 4096)
        writeSync(file, Buffer.alloc(Math.min(left, 4096), 1));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  },
  unfill: () => rmSync(`${config.dir}/filler`),
  list: () => readdirSync(config.dir).sort(),
  exit: () => process.exit(0),
  crash: () => {
    setImmediate(() => {
      throw new Error('crash');
    });
  },
  sleep: ({ ms }) => sleep(ms),
};

function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

say({ event: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, verb, ...options } = JSON.parse(line);
  try {
    say({ id, value: (await verbs[verb](options)) ?? null });
  } catch (error) {
    say({ id, failure: failure(error) });
  }
}
