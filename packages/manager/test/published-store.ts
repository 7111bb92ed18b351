import { rmSync } from 'node:fs';
import {
  archiveFile,
  buildMonth,
  type FileEntry,
  Manifest,
  openBuildInstance,
  publishArchive,
  publishMonth,
} from '@tb/history';
import { DatabaseManager, type ManagerEvent } from '@tb/manager';
import type { Layout, StoredTimeframe } from '@tb/schema';
import { publishSource } from './rollover.ts';
import { dataRoot } from './roots.ts';

export const MINUTES = { exchange: 'nse', kind: 'candles', timeframe: '1m' } as const;
/** NSE sessions in a row: as many as a month stands for at the least. */
export const DATES = ['2026-02-02', '2026-02-03', '2026-02-04'] as const;
export const COVERAGE = { source: 'feed', from: 1n, to: 2n };

function openOf(date: string): bigint {
  return BigInt(Date.parse(`${date}T03:45:00Z`)) * 1_000_000n;
}

/** What `read` gives of these builds: `[date, base]` of each, ascending. */
export function minuteRows(builds: readonly (readonly [date: string, base: number])[]): string[] {
  const rows: string[] = [];
  for (const sid of [1, 2])
    for (const [date, base] of builds)
      for (let minute = 0n; minute < 375n; minute++) {
        const price = base + sid;
        const ts = openOf(date) + minute * 60_000_000_000n;
        rows.push([sid, ts, price, price + 0.5, price, price + 0.25, 10].join(' '));
      }
  return rows;
}

/** A minute of each of the first hour of a date, of two symbols; `base` tells one build from another. */
function minutesSql(date: string, base: number): string {
  const open = openOf(date);
  return `SELECT sid::INTEGER AS sid, make_timestamp_ns(${open} + minute * 60000000000) AS ts,
(${base} + sid)::DOUBLE AS open, (${base} + sid + 0.5)::DOUBLE AS high, (${base} + sid)::DOUBLE AS low,
(${base} + sid + 0.25)::DOUBLE AS close, 10::DOUBLE AS volume
FROM range(375) AS m(minute), range(1, 3) AS s(sid)`;
}

/** Published dates in a data root, a role that writes and one that reads. */
export async function store(label: string, dates: readonly string[] = DATES) {
  const root = await dataRoot(label);
  const manager = await DatabaseManager.open({ root: root.path, role: 'ops' });
  {
    await using writer = await manager.marketDataWriter();
    await writer.sidsOf('nse', ['A', 'B'], dates[0] as string);
  }
  const publish = async (date: string, base: number, revision: number) => {
    await using build = await openBuildInstance();
    const source = { candles: { '1m': minutesSql(date, base) } };
    const counts = { rowsAdded: 0, rowsRemoved: 0, rowsChanged: 1 };
    const correction = { who: 'test', why: 'wrong price', ...counts };
    const options = revision === 1 ? {} : { revision, publish: { correction } };
    await publishSource(manager, 'nse', date, build.connection, source, [COVERAGE], options);
  };
  for (const date of dates) await publish(date, 100, 1);
  const events: ManagerEvent[] = [];
  const reader = await DatabaseManager.open({
    root: root.path,
    role: 'reader',
    onEvent: (event) => events.push(event),
  });
  return {
    root,
    layout: root.layout,
    manager,
    reader,
    market: reader.marketData,
    events,
    publish,
    correct: (date: string, base: number) => publish(date, base, 2),
    async month(month: string, timeframe: StoredTimeframe = '1m') {
      await using again = await openBuildInstance();
      await using writer = await manager.marketDataWriter();
      const built = await buildMonth(again.connection, {
        ...{ layout: root.layout, snapshot: writer.snapshot(), exchange: 'nse', timeframe, month },
      });
      await publishMonth(writer, built);
      return root.layout.absolute(built.path);
    },
    /** Moves one file to the archive, and removes the hot one at once. */
    async archiveEntry(entry: FileEntry) {
      await using build = await openBuildInstance();
      await using writer = await manager.marketDataWriter();
      await publishArchive(writer, await archiveFile(build.connection, root.layout, entry));
      rmSync(root.layout.absolute(entry.path));
    },
    /** Moves the newest revision of dates to the archive, and removes the hot files at once. */
    async archive(dates: readonly string[], timeframe: StoredTimeframe = '1m') {
      await using build = await openBuildInstance();
      await using writer = await manager.marketDataWriter();
      for (const date of dates) {
        const entry = entryOf(root.layout, date, timeframe);
        await publishArchive(writer, await archiveFile(build.connection, root.layout, entry));
        rmSync(entry.absolute);
      }
    },
    async [Symbol.asyncDispose]() {
      await reader.close();
      await manager.close();
      root.remove();
    },
  };
}

/** The newest revision of a date. */
export function entryOf(layout: Layout, date: string, timeframe: StoredTimeframe = '1m') {
  using manifest = Manifest.openReader(layout);
  const entry = manifest
    .snapshot()
    .find({ ...MINUTES, timeframe })
    .find((file) => file.tradingDate === date);
  if (!entry) throw new Error(`no file of ${date}`);
  return { ...entry, absolute: layout.absolute(entry.path) };
}
