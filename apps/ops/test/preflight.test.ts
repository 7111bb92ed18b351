import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import type { Finding } from '../src/health/finding.ts';
import { checkPreflight } from '../src/preflight/check-preflight.ts';
import {
  copyOf,
  edit,
  endOf,
  holdLock,
  LIVE_DATE,
  makeRoot,
  PUBLISHED_DATE,
  sessionOf,
} from './health-root.ts';
import { tb } from './tb.ts';

const NS_PER_MS = 1_000_000n;
const HOUR = 3_600_000;
const folder = tempRoot('preflight');
let template: Layout;

beforeAll(async () => {
  template = await makeRoot(folder.at('data'));
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

const openMs = Number(sessionOf(LIVE_DATE).open / NS_PER_MS);

/** The clock is put back to 2025, and the records with it. */
function atLiveDate(layout: Layout): void {
  edit(layout.liveDb('nse'), (db) => {
    db.prepare('UPDATE counters SET heartbeat_ns = ?').run(BigInt(openMs + HOUR) * NS_PER_MS);
  });
}

const CLOCKLESS = { clockWarnMs: 1e15, clockFailMs: 1e15 };

function statusOf(findings: readonly Finding[], check: string): string | undefined {
  return findings.find((one) => one.check === check)?.status;
}

describe('tb preflight', () => {
  test('goes when the session is known, history is current, and feed and ingestor move', async () => {
    using copy = copyOf(template);
    atLiveDate(copy.layout);
    const holder = await holdLock(copy.layout.liveDir('nse'));
    try {
      const seen = await checkPreflight(copy.layout, {
        exchange: 'nse',
        now: () => openMs + HOUR,
        limits: { ...CLOCKLESS, tickMs: 10 * 60_000 },
        checks: ['freshness', 'integrity', 'day-files', 'locks'],
      });
      expect(seen.findings.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(seen).toMatchObject({ verdict: 'go', tradingDate: LIVE_DATE });
      const history = seen.findings.find(({ check }) => check === 'history');
      expect(history).toMatchObject({ observed: PUBLISHED_DATE, limit: PUBLISHED_DATE });
    } finally {
      await endOf(holder);
    }
  });

  test('blocks when nobody ingests or no tick comes while the session is open', async () => {
    using copy = copyOf(template);
    const { verdict, findings } = await checkPreflight(copy.layout, {
      exchange: 'nse',
      now: () => openMs + 3 * HOUR,
      checks: ['freshness'],
    });
    expect(verdict).toBe('block');
    expect(statusOf(findings, 'ingestor')).toBe('fail');
    expect(statusOf(findings, 'freshness')).toBe('fail');
  });

  test('only warns of the ingestor in the night before', async () => {
    using copy = copyOf(template);
    const { verdict, findings } = await checkPreflight(copy.layout, {
      exchange: 'nse',
      tradingDate: LIVE_DATE,
      now: () => openMs - 5 * HOUR,
      checks: ['freshness'],
    });
    expect(statusOf(findings, 'ingestor')).toBe('warn');
    expect(verdict).toBe('warn');
  });

  test('blocks on a holiday and names it, after the close, and when health fails', async () => {
    using copy = copyOf(template);
    const { layout } = copy;
    const holiday = await checkPreflight(layout, { exchange: 'nse', tradingDate: '2025-02-26' });
    expect(holiday.findings[0]).toMatchObject({ check: 'session', status: 'fail' });
    expect(holiday.findings[0]?.observed).toMatch(/^closed: Maha\s?shivratri/i);
    const late = await checkPreflight(layout, { exchange: 'nse', tradingDate: LIVE_DATE });
    expect(late.findings[0]?.observed).toMatch(/^closed at /);
    edit(
      layout.storeDb('trading'),
      (db) => void db.exec("UPDATE schema_migrations SET sha256 = 'x'"),
    );
    const broken = await checkPreflight(layout, {
      exchange: 'nse',
      now: () => openMs - 5 * HOUR,
      checks: ['schema'],
    });
    expect(broken.verdict).toBe('block');
  });

  test('history that lacks the session before is told', async () => {
    using copy = copyOf(template);
    const next = Number(sessionOf('2025-02-06').open / NS_PER_MS);
    const { findings } = await checkPreflight(copy.layout, {
      exchange: 'nse',
      now: () => next,
      checks: ['wal'],
    });
    expect(findings.find(({ check }) => check === 'history')).toMatchObject({
      status: 'warn',
      observed: PUBLISHED_DATE,
      limit: '2025-02-05',
    });
  });

  test('exit codes: 3 for a block, 2 without an exchange', async () => {
    const root = ['--root', template.root, '--json'];
    const blocked = await tb(['preflight', '--exchange', 'nse', '--date', LIVE_DATE, ...root]);
    expect(blocked.exit).toBe(3);
    expect(blocked.json).toMatchObject({
      command: 'preflight',
      status: 'block',
      verdict: 'block',
      exchange: 'nse',
      tradingDate: LIVE_DATE,
      session: { kind: 'regular' },
    });
    expect((await tb(['preflight', ...root])).exit).toBe(2);
    expect((await tb(['preflight', '--exchange', '../x', ...root])).exit).toBe(2);
  });
});
