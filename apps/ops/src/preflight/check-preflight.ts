import type { Session } from '@tb/calendar';
import { Manifest } from '@tb/history';
import { inspectLock } from '@tb/locks';
import { Calendars } from '@tb/manager';
import { assertExchange, assertTradingDate, type Layout } from '@tb/schema';
import { checkHealth, type HealthOptions } from '../health/check-health.ts';
import { exists } from '../health/databases.ts';
import { type Finding, worstOf } from '../health/finding.ts';

const NS_PER_MS = 1_000_000n;
/** The ingestor is expected from so long before the open. */
const LEAD_MS = 30 * 60_000;

export interface PreflightOptions extends HealthOptions {
  readonly exchange: string;
  /** Default: the date that a wall clock at the exchange shows. */
  readonly tradingDate?: string | undefined;
}

export interface Preflight {
  /** `block`: do not trade. `warn`: somebody should look, now or later. */
  readonly verdict: 'go' | 'warn' | 'block';
  readonly exchange: string;
  readonly tradingDate: string;
  /** undefined when the exchange is closed on the date. */
  readonly session: Session | undefined;
  /** Those of `tb health`, and of the checks `session`, `history` and `ingestor`. A status `fail` blocks. */
  readonly findings: readonly Finding[];
}

/**
 * May we trade today: everything that `checkHealth` looks at, and whether the exchange has a session, the session before it
 * is published, and the feed of this one runs.
 * @throws `BAD_NAME`, `CALENDAR_MISSING`, `CALENDAR_FILE_INVALID`; as `checkHealth`
 */
export async function checkPreflight(
  layout: Layout,
  options: PreflightOptions,
): Promise<Preflight> {
  const { exchange } = options;
  assertExchange(exchange);
  const nowMs = (options.now ?? Date.now)();
  const { findings: healthFindings } = await checkHealth(layout, { ...options, now: () => nowMs });
  const calendar = new Calendars(layout).of(exchange);
  const tradingDate = options.tradingDate ?? calendar.localDateOf(BigInt(nowMs) * NS_PER_MS);
  assertTradingDate(tradingDate);
  const session = calendar.sessionOf(tradingDate);
  const findings = [
    ofSession(exchange, tradingDate, session, calendar.reasonOf(tradingDate), nowMs),
    ofHistory(layout, exchange, calendar.previousSession(tradingDate).tradingDate),
    await ofIngestor(layout, exchange, session, nowMs),
    ...healthFindings.map((finding) => escalated(finding, exchange)),
  ];
  const worst = worstOf(findings);
  const verdict = worst === 'fail' ? 'block' : worst === 'warn' ? 'warn' : 'go';
  return { verdict, exchange, tradingDate, session, findings };
}

/** A feed that stands still while the session is open is no reason to look at health, and one not to trade. */
function escalated(finding: Finding, exchange: string): Finding {
  const isOurFeed =
    finding.check === 'freshness' && finding.subject.startsWith(`live/${exchange} `);
  return isOurFeed && finding.status === 'warn' ? { ...finding, status: 'fail' } : finding;
}

function ofSession(
  exchange: string,
  tradingDate: string,
  session: Session | undefined,
  reason: string | undefined,
  nowMs: number,
): Finding {
  const check = 'session';
  const subject = `${exchange} ${tradingDate}`;
  if (!session) {
    const hint = 'Nothing to trade; a special session stands in calendars/<exchange>.json.';
    const observed = reason === undefined ? 'closed' : `closed: ${reason}`;
    return { check, status: 'fail', subject, observed, limit: 'a session', hint };
  }
  const close = isoOf(session.close);
  if (nowMs >= Number(session.close / NS_PER_MS)) {
    const hint = 'The session is over; name another with --date.';
    return { check, status: 'fail', subject, observed: `closed at ${close}`, limit: 'open', hint };
  }
  const observed = `${session.kind}, ${isoOf(session.open)} to ${close}`;
  if (session.certainty === 'unknown') {
    const hint = `The holidays of this year are not known: add them to calendars/${exchange}.json.`;
    return { check, status: 'warn', subject, observed, limit: 'a known year', hint };
  }
  return { check, status: 'ok', subject, observed, limit: 'a session', hint: null };
}

/** Observed: the newest published date of the exchange. */
function ofHistory(layout: Layout, exchange: string, previous: string): Finding {
  using manifest = Manifest.openReader(layout);
  const newest = manifest.snapshot().allTradingDates(exchange).at(-1);
  const isCurrent = newest !== undefined && newest >= previous;
  return {
    check: 'history',
    status: isCurrent ? 'ok' : 'warn',
    subject: exchange,
    observed: newest ?? null,
    limit: previous,
    hint: isCurrent
      ? null
      : `Run \`tb rollover --exchange ${exchange}\`, or import what is missing.`,
  };
}

async function ofIngestor(
  layout: Layout,
  exchange: string,
  session: Session | undefined,
  nowMs: number,
): Promise<Finding> {
  const dir = layout.liveDir(exchange);
  const lock = (await exists(dir)) ? await inspectLock(dir) : undefined;
  const isHeld = lock?.osLock === 'held';
  const isDue =
    session !== undefined &&
    nowMs >= Number(session.open / NS_PER_MS) - LEAD_MS &&
    nowMs < Number(session.close / NS_PER_MS);
  return {
    check: 'ingestor',
    status: isHeld ? 'ok' : isDue ? 'fail' : 'warn',
    subject: exchange,
    observed: lock?.verdict ?? 'no live buffer',
    limit: 'held',
    hint: isHeld ? null : 'Start the ingestor: nobody writes the live buffer of this exchange.',
  };
}

const isoOf = (ns: bigint): string => new Date(Number(ns / NS_PER_MS)).toISOString();
