import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { calendarOf, type Session } from '@tb/calendar';
import { openSqlite, type SqliteDatabase } from '@tb/locks';
import { type Layout, layoutOf } from '@tb/schema';
import { generateTicks } from '@tb/simulator';
import { tempRoot } from '@tb/testkit';
import { tb } from './tb.ts';

/** Published, and in the live buffer. */
export const PUBLISHED_DATE = '2025-02-03';
export const LIVE_DATE = '2025-02-04';

export function sessionOf(date: string): Session {
  const session = calendarOf('nse').sessionOf(date);
  if (!session) throw new Error(`no session on ${date}`);
  return session;
}

/** Ticks of the first hour of a session. */
function csvOf(date: string): string {
  const { open } = sessionOf(date);
  const lines = ['symbol,ts,price,volume'];
  const hour = 3_600_000_000_000n;
  for (const batch of generateTicks({
    seed: 1,
    symbols: 3,
    rows: 600,
    openNs: open,
    closeNs: open + hour,
  }))
    batch.symbol.forEach((symbol, i) => {
      lines.push(`${symbol},${batch.ts[i]},${batch.price[i]},${batch.volume[i]}`);
    });
  return `${lines.join('\n')}\n`;
}

async function run(words: readonly string[]): Promise<void> {
  const { exit, stderr } = await tb(words);
  if (exit !== 0) throw new Error(`tb ${words.join(' ')}: exit ${exit}\n${stderr}`);
}

/** A data root with one published date, one in the live buffer, and a backup of everything, made by `tb` itself. */
export async function makeRoot(folder: string): Promise<Layout> {
  const layout = layoutOf(folder);
  const root = ['--root', folder];
  await run(['init', ...root]);
  for (const date of [PUBLISHED_DATE, LIVE_DATE]) {
    const csv = `${folder}-${date}.csv`;
    writeFileSync(csv, csvOf(date));
    const kind = ['--exchange', 'nse', '--kind', 'ticks', '--date', date, '--ts-format', 'ns'];
    await run(['ingest', csv, ...kind, ...root]);
    if (date === PUBLISHED_DATE) await run(['rollover', '--exchange', 'nse', ...root]);
  }
  await run(['backup', 'all', ...root]);
  return layout;
}

/** A copy of a root of its own, to be broken. */
export function copyOf(template: Layout): { readonly layout: Layout } & Disposable {
  const folder = tempRoot('health-copy');
  cpSync(template.root, folder.at('data'), { recursive: true, preserveTimestamps: true });
  return { layout: layoutOf(folder.at('data')), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Changes a database behind everybody's back. */
export function edit(path: string, change: (db: SqliteDatabase) => void): void {
  const db = openSqlite(path, { mustExist: true });
  try {
    db.pragma('foreign_keys = OFF');
    change(db);
  } finally {
    db.close();
  }
}

/** A process that holds the writer lock of a folder until it is killed. */
export async function holdLock(dir: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./children/hold-lock.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!child.stdout) throw new Error('no stdout');
  await once(child.stdout, 'data');
  return child;
}

export async function endOf(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
