// Reads all ticks and 1m candles without pause until it is told to stop, and checks every answer.
import { DatabaseManager } from '@tb/manager';

const manager = await DatabaseManager.open({ root: process.argv[2], role: 'reader' });
const ALWAYS = { from: -(2n ** 62n), to: 2n ** 62n };
const report = { reads: 0, wrong: [], origins: [], rows: 0, version: 0 };
const origins = new Set();

async function first(snapshot, sql) {
  let row;
  for await (const chunk of snapshot.stream(sql)) row ??= chunk.columns.map((column) => column[0]);
  return row;
}

const union = (snapshot, columns) =>
  snapshot.sources.map((source) => `SELECT ${columns} FROM ${source.relation}`).join(' UNION ALL ');

async function withSnapshot(request, use) {
  const snapshot = await manager.marketData.snapshot({ exchange: 'nse', ...request, ...ALWAYS });
  try {
    await use(snapshot);
  } finally {
    await snapshot[Symbol.asyncDispose]();
  }
}

async function ticks(snapshot) {
  for (const { origin } of snapshot.sources) origins.add(origin);
  const seq = Number(snapshot.watermark.live.nse?.seq ?? 0n);
  const sql = `SELECT count(*), count(DISTINCT seq), max(seq) FROM (${union(snapshot, 'seq')})`;
  const [rows, distinct, newest] =
    snapshot.sources.length === 0 ? [0n, 0n, 0n] : await first(snapshot, sql);
  // The writer's counter has no gap and nothing is late here: every seq up to the watermark, once.
  if (Number(rows) !== seq || Number(distinct) !== seq || Number(newest) !== seq)
    report.wrong.push(
      `ticks: ${rows} rows, ${distinct} distinct, newest ${newest}, watermark ${seq}`,
    );
  if (Number(rows) < report.rows) report.wrong.push(`ticks: ${rows} after ${report.rows}`);
  if (snapshot.watermark.manifestVersion < report.version)
    report.wrong.push('manifest stepped back');
  report.rows = Number(rows);
  report.version = snapshot.watermark.manifestVersion;
}

async function candles(snapshot) {
  if (snapshot.sources.length === 0) return;
  const sql = `SELECT count(*), count(DISTINCT (sid, ts)) FROM (${union(snapshot, 'sid, ts')})`;
  const [rows, distinct] = await first(snapshot, sql);
  if (rows !== distinct) report.wrong.push(`candles: ${rows} rows, ${distinct} distinct`);
}

async function look() {
  try {
    await withSnapshot({ kind: 'ticks' }, ticks);
    await withSnapshot({ kind: 'candles', timeframe: '1m' }, candles);
    report.reads += 2;
  } catch (error) {
    report.wrong.push(String(error.code ?? error.stack));
  }
}

let isStopped = false;
process.on('message', () => {
  isStopped = true;
});
process.send({ ready: true });
while (!isStopped) await look();
await look();
process.send({ ...report, origins: [...origins].sort() });
await manager.close();
process.disconnect();
