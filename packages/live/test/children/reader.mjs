// Reads the live buffer as fast as asked, and checks what it sees. argv: JSON { root, pauseMs, deepEvery }.
// Ends on 'stop' with { reads, deep, restarts }, or on the first wrong answer with { wrong }.
import { DuckDBInstance } from '@duckdb/node-api';
import { LiveReader, verifySegment } from '@tb/live';
import { layoutOf } from '@tb/schema';
import { EXCHANGE } from './workload.mjs';

const { root, pauseMs, deepEvery } = JSON.parse(process.argv[2]);
let stopped = false;
process.once('disconnect', () => process.exit(1)); // the parent is gone
process.on('message', () => {
  stopped = true;
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function open() {
  for (;;) {
    try {
      return LiveReader.open({ layout: layoutOf(root), exchange: EXCHANGE });
    } catch (error) {
      if (error.code !== 'LIVE_ABSENT') throw error;
      await pause(5);
    }
  }
}

function check(snapshot, before) {
  const rows = [...snapshot.tail, ...snapshot.late, ...snapshot.segments].reduce(
    (sum, part) => sum + part.rows,
    0,
  );
  const isCleared = snapshot.days.some(({ state }) => state === 'cleared');
  // Every seq from 1 on is somewhere, once: their number says so, the deep check which they are.
  if (!isCleared && BigInt(rows) !== snapshot.seq)
    throw new Error(`${rows} rows at seq ${snapshot.seq}`);
  if (snapshot.seq < before.seq || snapshot.catalogVersion < before.catalogVersion)
    throw new Error(`stepped back from ${before.seq} to ${snapshot.seq}`);
  let last = 0n;
  for (const chunk of snapshot.tail) {
    if (chunk.firstSeq <= last) throw new Error(`tail batch ${chunk.firstSeq} after ${last}`);
    last = chunk.lastSeq;
    for (const segment of snapshot.segments)
      if (segment.tradingDate === chunk.tradingDate && chunk.firstSeq <= segment.lastSeq)
        throw new Error(`seq ${chunk.firstSeq} is in the tail and in segment ${segment.id}`);
  }
  const newest = snapshot.lastTicks(1, 10);
  for (let i = 1; i < newest.length; i++)
    if (newest[i].ts < newest[i - 1].ts) throw new Error('last ticks are out of order');
}

/** Reads every row of the snapshot; a segment that vanished is an error only if the list has not moved on. */
async function checkRows(reader, snapshot, duckdb) {
  const seqs = [];
  const connection = await duckdb.connect();
  try {
    for (const segment of snapshot.segments) {
      await verifySegment(segment);
      const name = `s${segment.id}_${Math.random().toString(36).slice(2)}`;
      await connection.run(`ATTACH '${segment.path}' AS ${name} (TYPE duckdb, READ_ONLY)`);
      const result = await connection.runAndReadAll(`SELECT seq FROM ${name}.data`);
      for (const [seq] of result.getRows()) seqs.push(seq);
      await connection.run(`DETACH ${name}`);
    }
  } catch (error) {
    if (reader.snapshot().catalogVersion === snapshot.catalogVersion) throw error;
    return false;
  } finally {
    connection.closeSync();
  }
  for (const chunk of [...snapshot.tail, ...snapshot.late]) seqs.push(...chunk.seq);
  seqs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const isCleared = snapshot.days.some(({ state }) => state === 'cleared');
  for (let i = 0; i < seqs.length; i++)
    if (isCleared ? i > 0 && seqs[i] === seqs[i - 1] : seqs[i] !== BigInt(i + 1))
      throw new Error(`row ${i} has seq ${seqs[i]}`);
  return true;
}

try {
  const reader = await open();
  const duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
  let before = { seq: 0n, catalogVersion: 0 };
  let reads = 0;
  let fresh = 0;
  let deep = 0;
  let restarts = 0;
  while (!stopped) {
    const snapshot = reader.snapshot();
    if (snapshot !== before) {
      check(snapshot, before);
      fresh++;
    }
    before = snapshot;
    reads++;
    if (deepEvery > 0 && reads % deepEvery === 0) {
      if (await checkRows(reader, snapshot, duckdb)) deep++;
      else restarts++;
    }
    if (pauseMs > 0 || reads % 200 === 0) await pause(pauseMs);
  }
  reader.close();
  process.send({ reads, fresh, deep, restarts });
} catch (error) {
  process.send({ wrong: String(error?.stack ?? error) });
}
process.removeAllListeners('disconnect');
process.disconnect();
