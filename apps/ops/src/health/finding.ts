/** How bad one finding, or all of them, are. */
export type HealthStatus = 'ok' | 'warn' | 'fail';

/** What a check saw of one subject, and what it held it against. Plain data: it survives JSON. */
export interface Finding {
  /** Name of the check, e.g. `day-files`. Stable. */
  readonly check: string;
  readonly status: HealthStatus;
  /** A database, a path relative to the root, an exchange or a run: what the finding is about. */
  readonly subject: string;
  /** A number in the unit of the check (docs/cli.md), or a word; null where nothing could be seen. */
  readonly observed: number | string | null;
  /** What `observed` should be or should not pass; null where there is no bound. */
  readonly limit: number | string | null;
  /** What to do; null when the status is `ok`. */
  readonly hint: string | null;
}

/** What `checkHealth` gives back. */
export interface HealthReport {
  /** The worst status of all findings. */
  readonly verdict: HealthStatus;
  readonly findings: readonly Finding[];
}

/** A finding before the name of its check is added. */
export type Observation = Omit<Finding, 'check'>;

type Value = number | string | null;

export function ok(subject: string, observed: Value, limit: Value = null): Observation {
  return { status: 'ok', subject, observed, limit, hint: null };
}

export function warn(subject: string, observed: Value, limit: Value, hint: string): Observation {
  return { status: 'warn', subject, observed, limit, hint };
}

export function fail(subject: string, observed: Value, limit: Value, hint: string): Observation {
  return { status: 'fail', subject, observed, limit, hint };
}

const RANK: Readonly<Record<HealthStatus, number>> = { ok: 0, warn: 1, fail: 2 };

/** The worst status; `ok` of none. */
export function worstOf(findings: readonly { readonly status: HealthStatus }[]): HealthStatus {
  return findings.reduce<HealthStatus>(
    (worst, { status }) => (RANK[status] > RANK[worst] ? status : worst),
    'ok',
  );
}
