/**
 * `fake-exchange COUNT`: a WebSocket feed of COUNT trades that behaves badly on purpose. It breaks each connection after 700
 * messages, begins again 25 messages before what it was asked for, sends some messages twice, and swaps neighbours. Prints
 * its port, and what it did when it is told to stop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

const count = Number(process.argv[2]);
const [BREAK_AFTER, REPEATED, PIECE] = [700, 25, 50];
const FIRST_MS = Date.UTC(2026, 1, 2, 10);
const done = { connections: 0, broken: 0, repeated: 0, swapped: 0 };

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  done.connections += 1;
  socket.on('error', () => {}); // it is broken from here, and from there by kill -9
  socket.once('message', (data) => void serve(socket, JSON.parse(data.toString()).after ?? 0));
});
process.once('SIGTERM', () => {
  console.log(JSON.stringify(done));
  process.exit(0);
});

const trade = (n) =>
  JSON.stringify({ n, s: `S${n % 7}`, t: FIRST_MS + n * 10, p: n, q: 1 + (n % 5) });

async function serve(socket, after) {
  const from = Math.max(1, after + 1 - REPEATED);
  done.repeated += after + 1 - from;
  let sent = 0;
  for (let n = from; n <= count && socket.readyState === socket.OPEN; n += PIECE) {
    const numbers = Array.from({ length: Math.min(PIECE, count - n + 1) }, (_, i) => n + i);
    for (let i = 0; i + 4 < numbers.length; i += 11) {
      [numbers[i], numbers[i + 4]] = [numbers[i + 4], numbers[i]];
      done.swapped += 1;
    }
    for (const number of numbers) {
      socket.send(trade(number));
      if (number % 13 === 0) socket.send(trade(number));
      sent += 1;
      if (sent === BREAK_AFTER) {
        done.broken += 1;
        socket.terminate(); // without a close frame, and with messages still under way
        return;
      }
    }
    await sleep(3);
  }
}
