import type { Session } from '@tb/calendar';
import type { DuckConnection } from '@tb/history';
import { candlesSql, type MadeStore, ticksSql } from './made-store.ts';
import { decade, TICKS_A_SESSION, tickDays, year } from './sizes.ts';

/** Sessions that are published together. */
const PART = 50;
/** Symbols whose rows are sorted together: the tables of the sorted file are filled in the order of sids. */
const SYMBOLS_AT_ONCE = 20;

/** Fills the data root through @tb/history, then one file with the same rows in the same order. */
export async function buildStore(store: MadeStore, reference: string): Promise<void> {
  const { sids } = store;
  const each = (timeframe: '1m' | '1d') => (session: Session) =>
    candlesSql([session], sids, timeframe);
  for (const part of partsOf(year)) await store.publish('candles', '1m', part, each('1m'));
  told('1m days');
  for (const part of partsOf(decade)) await store.publish('candles', '1d', part, each('1d'));
  told('1d days');
  for (const part of partsOf(tickDays))
    await store.publish('ticks', '', part, (session) => ticksSql(session, sids, TICKS_A_SESSION));
  told('ticks');
  for (const timeframe of ['1m', '1d'] as const) await store.buildMonths(timeframe);
  told('months');
  await buildReference(store.connection, sids, reference);
  told('the sorted file');
}

async function buildReference(
  connection: DuckConnection,
  sids: readonly [number, number],
  path: string,
): Promise<void> {
  const ticks = (part: readonly [number, number]): string =>
    tickDays.map((s) => ticksSql(s, part, TICKS_A_SESSION)).join(' UNION ALL ');
  const tables: [string, (part: readonly [number, number]) => string, string][] = [
    ['minutes', (part) => candlesSql(year, part, '1m'), 'sid, ts'],
    ['days', (part) => candlesSql(decade, part, '1d'), 'sid, ts'],
    ['ticks', ticks, 'sid, ts, seq'],
  ];
  await connection.run(`ATTACH '${path}' AS ref`);
  for (const [table, sql, order] of tables) {
    await connection.run(`CREATE TABLE ref.${table} AS ${sql([0, 0])}`);
    for (let sid = sids[0]; sid < sids[1]; sid += SYMBOLS_AT_ONCE) {
      const rows = sql([sid, Math.min(sid + SYMBOLS_AT_ONCE, sids[1])]);
      await connection.run(`INSERT INTO ref.${table} SELECT * FROM (${rows}) ORDER BY ${order}`);
    }
  }
  await connection.run('DETACH ref');
}

function partsOf(sessions: readonly Session[]): Session[][] {
  return Array.from({ length: Math.ceil(sessions.length / PART) }, (_, i) =>
    sessions.slice(i * PART, (i + 1) * PART),
  );
}

function told(what: string): void {
  process.stderr.write(`  ${what} built\n`);
}
