import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFaulted } from '../fault-run.ts';
import { runCommand } from '../process-group.ts';
import { writeCandles, writeTicks } from './feed.ts';
import { scenario as liveWriter } from './live-writer.scenario.ts';
import { insertOrders } from './orders.ts';
import { RANGE } from './runs.ts';
import { dataRoot, mustRun } from './tb.ts';

const CALENDAR = {
  holidays: { '2027-01-26': 'Republic Day' },
  specialSessions: { '2026-11-08': { open: '18:00', close: '19:00', name: 'Muhurat' } },
  knownYears: [2026, 2027],
};
const INPUT = ['--exchange', 'nse', '--ts-format', 'ns'];

/** A data root with a file of every kind but those of a live buffer: published, archived, months, runs, backups. */
export async function makeFullRoot(root: string): Promise<void> {
  for (const daysLater of [0, 1])
    writeCandles(join(root, `day${daysLater}.csv`), { symbols: 2, seed: 'files', daysLater });
  writeTicks(join(root, 'ticks.csv'), { rows: 1000, symbols: 4, daysLater: 2 });
  await mustRun(root, 'init');
  await mustRun(root, 'import', 'day0.csv', 'day1.csv', ...INPUT, '--kind', 'candles');
  await mustRun(root, 'months', '--exchange', 'nse');
  await mustRun(root, 'backtest', 'run', 'moving-average-cross', ...RANGE, '--param', 'fast=3');
  await mustRun(root, 'ingest', 'ticks.csv', ...INPUT, '--kind', 'ticks', '--date', '2026-02-04');
  await mustRun(root, 'rollover', '--exchange', 'nse', '--date', '2026-02-04');
  const old = ['--tick-days', '1', '--minute-days', '1', '--today', '2026-06-01'];
  await mustRun(root, 'archive', '--exchange', 'nse', ...old);
  insertOrders(root, 1, 200);
  await mustRun(root, 'backup', 'all');
  mkdirSync(join(dataRoot(root), 'calendars'), { recursive: true });
  writeFileSync(join(dataRoot(root), 'calendars/nse.json'), JSON.stringify(CALENDAR, null, 1));
}

/** A live buffer with a tail, segments, candles. */
export async function makeLiveRoot(root: string): Promise<void> {
  await liveWriter.prepare(root);
  await mustRun(root, 'init');
  const { exitCode, stderr } = await runCommand(liveWriter.command(root));
  if (exitCode !== 0) throw new Error(`The live writer: ${stderr}`);
}

/** The same, whose writer was killed: its write-ahead log is there. */
export async function makeKilledRoot(root: string): Promise<void> {
  await liveWriter.prepare(root);
  await mustRun(root, 'init');
  const point = { mode: 'kill', at: 400, seed: 0 } as const;
  const { signal } = await runFaulted(liveWriter.command(root), { root, point });
  if (signal !== 'SIGKILL') throw new Error(`The live writer was not killed: ${signal}`);
}
