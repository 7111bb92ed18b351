/**
 * One of the processes that compete for a lock. Plain JavaScript: children start without a loader. A script gives its
 * lock as an adapter; what happens inside a hold, and how it is witnessed and logged, is the same for every lock.
 *
 * @typedef {object} Hold
 * @property {number} epoch
 * @property {(n: number) => void} write Writes one row under the lock; may throw when the lock was lost.
 * @property {() => Promise<void>} release
 *
 * @typedef {object} Adapter
 * @property {(dir: string, waitMs: number) => Promise<Hold | undefined>} grab Undefined: somebody else has it.
 *
 * @typedef {object} Config
 * @property {'race' | 'soak'} mode
 * @property {string} dir
 * @property {string} log File that all children append to.
 * @property {number} port Of the witness: one loopback port, free when nobody holds.
 * @property {number} seed
 * @property {boolean} worker Heartbeat on a worker thread.
 * @property {number} killShare Of grants: kills itself inside the hold.
 * @property {number} stopShare Of grants: stops itself inside the hold; the parent continues it.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer is a second holder; shorter is a process that dies: its files are freed one after the other. */
const WITNESS_MS = 100;

/** @returns {Config} */
export function configOf() {
  return JSON.parse(process.argv[2] ?? '{}');
}

/** @param {Adapter} adapter */
export async function contend(adapter) {
  const config = configOf();
  const log = logger(config.log);
  if (config.mode === 'race') await race(adapter, config, log);
  else await soak(adapter, config, log);
}

/** Appends one line; the stamp is of the clock that all processes of this system share. */
function logger(path) {
  const file = openSync(path, 'a');
  return (kind, detail = {}) => {
    const line = { at: String(process.hrtime.bigint()), pid: process.pid, kind, ...detail };
    writeSync(file, `${JSON.stringify(line)}\n`);
  };
}

/** Binds the port that only one process can have. A mechanism of its own: no file, no SQLite. */
async function witness(port, log, epoch) {
  const start = performance.now();
  for (let tries = 0; ; tries++) {
    const server = await listen(port);
    const waitedMs = performance.now() - start;
    if (server !== undefined) {
      if (tries > 0) log('witness-waited', { epoch, waitedMs });
      return server;
    }
    if (waitedMs > WITNESS_MS) {
      log('witness-refused', { epoch, waitedMs });
      return undefined;
    }
    await sleep(5);
  }
}

function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

/** Enter is logged after the grant, exit before the release: the interval lies inside the hold. */
async function inside(hold, config, log, body) {
  log('enter', { epoch: hold.epoch });
  const server = await witness(config.port, log, hold.epoch);
  await body();
  if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  log('exit', { epoch: hold.epoch });
  await hold.release();
}

/** Rounds from stdin: all start at one instant, one may win, and holds until the parent has heard of everyone. */
async function race(adapter, config, log) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  let finish = () => {};
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { round, dir, atNs, done } = JSON.parse(line);
    if (done) {
      finish();
      continue;
    }
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    void play(round, dir, atNs, finished);
  }

  async function play(round, dir, atNs, finished) {
    try {
      await sleep(Math.max(0, Number(BigInt(atNs) - process.hrtime.bigint()) / 1e6));
      const hold = await adapter.grab(dir, 0);
      if (hold === undefined) return say({ round, won: false });
      await inside(hold, config, log, async () => {
        say({ round, won: true });
        await finished;
      });
      say({ round, released: true });
    } catch (error) {
      say({ round, error: `${error.code ?? error.name}: ${error.message}` });
    }
  }
}

/** Takes the lock again and again until stdin ends. */
async function soak(adapter, config, log) {
  const chance = generator(config.seed);
  let running = true;
  process.stdin.on('end', () => {
    running = false;
  });
  process.stdin.resume();
  let written = 0;
  while (running) {
    const hold = await adapter.grab(config.dir, chance() < 0.5 ? 0 : Math.floor(chance() * 60));
    if (hold === undefined) {
      await sleep(chance() * 15);
      continue;
    }
    const [fate, work, pause] = [chance(), chance(), chance()];
    try {
      await inside(hold, config, log, async () => {
        hold.write(written++);
        await misfortune(fate, config, log, hold);
        if (work < 0.3) block(work * 40);
        await sleep(pause * 10);
        hold.write(written++);
      });
    } catch (error) {
      log('lost', { epoch: hold.epoch, error: `${error.code ?? error.name}: ${error.message}` });
    }
    await sleep(chance() * 5);
  }
}

/** Kills or stops itself at the worst place: while it holds. */
async function misfortune(fate, config, log, hold) {
  if (fate < config.killShare) {
    log('dying', { epoch: hold.epoch });
    process.kill(process.pid, 'SIGKILL');
    await sleep(10_000);
  } else if (fate < config.killShare + config.stopShare) {
    log('stopping', { epoch: hold.epoch });
    process.stdout.write('{"stopping":true}\n'); // the parent continues it
    process.kill(process.pid, 'SIGSTOP');
    await sleep(0);
  }
}

function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** mulberry32: repeats the choices of a child for a seed. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
