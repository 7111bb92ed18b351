#!/usr/bin/env node
/**
 * A service that stores the trades of a WebSocket feed:
 *
 *   node websocket-feed.mjs --root data --exchange binance --url ws://127.0.0.1:9000 --source fake
 *
 * The feed sends JSON, `{"n": 17, "s": "BTCUSDT", "t": 1738554300000, "p": 42000.5, "q": 0.01}`: its own number, symbol, ms,
 * price, quantity. The connection may break at any time: the service connects again and asks for what follows the last
 * number that is in order. Messages may come twice and out of order. Each is stored once, across kill -9 too, because the
 * number is stored in the transaction of its row. SIGTERM stores what has arrived without a gap, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DatabaseManager } from '@tb/manager';
import WebSocket from 'ws';
import { InOrder } from './in-order.mjs';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: 'data' },
    exchange: { type: 'string', default: 'binance' },
    url: { type: 'string', default: 'ws://127.0.0.1:9000' },
    source: { type: 'string', default: 'websocket' },
  },
});
const { root, exchange, url, source } = values;

const FLUSH_MS = 10;
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [100, 10_000];
/** No message and no pong for so long: the connection is dead, whatever TCP says. */
const SILENCE_MS = 15_000;
/** More than this waits for the disk: the socket is not read, and the exchange waits. */
const MAX_WAITING = 50_000;

const stop = new AbortController();
// `on`, not `once`: the lock listens too, and ends the process when it finds itself alone.
for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => stop.abort());

const manager = await DatabaseManager.open({
  root,
  role: 'ingestor',
  exchanges: [exchange],
  purpose: 'websocket-feed',
});
const live = manager.live(exchange);
const signal = AbortSignal.any([stop.signal, live.signal]);
const mark = live.lastSourceSeq(source);
const order = new InOrder({ after: mark === undefined ? undefined : Number(mark) });
let socket;
let connections = 0;
let stored = 0;

try {
  await Promise.all([keepConnected(), store()]);
  live.signal.throwIfAborted();
} finally {
  stop.abort();
  await manager.close();
}
tell({ status: 'stopped', stored, connections, dropped: order.dropped, last: order.last });

function tell(fact) {
  process.stderr.write(`${JSON.stringify(fact)}\n`);
}

/** Waits; an abort ends the wait and is no error. */
async function pause(ms) {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

async function keepConnected() {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const wasHeard = await connection();
    pauseMs = wasHeard ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
    // Half of the pause is left to chance, so that many services do not come back at once.
    await pause(pauseMs * (0.5 + Math.random() / 2));
  }
}

/** One connection, from opening to its end. @returns whether messages came */
async function connection() {
  socket = new WebSocket(url);
  let heardMs = performance.now();
  let connected;
  const hear = () => {
    heardMs = performance.now();
  };
  const end = () => socket.terminate();
  signal.addEventListener('abort', end, { once: true });
  const pulse = setInterval(() => {
    if (performance.now() - heardMs > SILENCE_MS) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, SILENCE_MS / 3);
  socket.on('open', () => {
    connections += 1;
    socket.send(JSON.stringify({ subscribe: 'trades', after: order.last ?? null }));
  });
  socket.on('pong', hear);
  socket.on('message', (data) => {
    hear();
    if (connected === undefined) {
      order.resume();
      connected = live.feedConnected(source); // coverage: from here on a silent minute is no gap
      connected.catch(() => undefined); // thrown below, where it is awaited
    }
    accept(data.toString());
    if (order.size >= MAX_WAITING) socket.pause();
  });
  socket.on('error', (error) => tell({ url, error: error.message }));
  await new Promise((resolve) => socket.on('close', resolve));
  order.hold();
  clearInterval(pulse);
  signal.removeEventListener('abort', end);
  await connected;
  if (connected !== undefined) await live.feedDisconnected(source);
  return connected !== undefined;
}

function accept(text) {
  try {
    const trade = JSON.parse(text);
    if (!Number.isSafeInteger(trade.n)) throw new TypeError('n is no number of a message');
    order.add(trade.n, trade);
  } catch (error) {
    tell({ refused: text.slice(0, 200), reason: error.message });
  }
}

/** Stores what is in order, one batch after the other, until the stop. */
async function store() {
  for (let isLast = false; !isLast; ) {
    isLast = signal.aborted;
    for (let trades = order.take(); trades.length > 0; trades = order.take()) {
      const ack = await live.append(batchOf(trades));
      stored += ack.rows;
      for (const { row, reason } of ack.rejected) tell({ refused: trades[row], reason });
      if (socket?.isPaused) socket.resume();
    }
    if (!isLast) await pause(FLUSH_MS);
  }
}

function batchOf(trades) {
  return {
    symbol: trades.map((trade) => String(trade.s)),
    ts: BigInt64Array.from(trades, (trade) => BigInt(trade.t) * 1_000_000n),
    price: Float64Array.from(trades, (trade) => trade.p),
    volume: Float64Array.from(trades, (trade) => trade.q),
    source,
    sourceSeq: BigInt64Array.from(trades, (trade) => BigInt(trade.n)),
  };
}
