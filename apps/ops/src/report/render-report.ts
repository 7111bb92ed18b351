import type { RunRecord } from '@tb/backtest';
import type { FoundBackup } from '../backup/backup-entry.ts';
import type { Proof } from '../backup/proofs.ts';
import type { Finding, HealthReport } from '../health/finding.ts';
import { shownValues } from '../health/units.ts';
import { coverageSection } from './coverage-section.ts';
import { type Html, html, table } from './html.ts';
import type { ReportFacts, RunCurve } from './report-facts.ts';
import { sparkline } from './sparkline.ts';

/** Everything that the page shows. */
export interface ReportContent {
  readonly root: string;
  /** ISO 8601 UTC. */
  readonly madeAt: string;
  readonly health: HealthReport;
  readonly facts: ReportFacts;
  /** Newest last. */
  readonly backups: readonly FoundBackup[];
  readonly proofs: readonly Proof[];
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  readonly runCount: number;
}

/** One HTML document that refers to nothing outside itself; every text in it is escaped. */
export function renderReport(content: ReportContent): string {
  const { root, madeAt, health, facts } = content;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${root}: ${health.verdict}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style></head><body>
<h1>${root} <span class="${health.verdict}">${health.verdict}</span></h1>
<p>${madeAt}: ${countOf(health.findings, 'fail')} failed, ${countOf(health.findings, 'warn')} to look at, ${countOf(health.findings, 'ok')} ok.</p>
<h2>Findings</h2>${findingsSection(health.findings)}
<h2>Coverage</h2>${coverageSection(facts.coverage)}
<h2>Backups</h2>${backupsSection(content)}
<h2>Backtests</h2>${runsSection(content)}
</body></html>
`.markup;
}

const STYLE: Html = {
  markup: `body{font:14px/1.4 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.5em 0}td,th{padding:2px 10px;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}
td{overflow-wrap:anywhere}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.dim{color:#777}
.ok{color:#1b7a3d}.warn{color:#a06000}.fail{color:#b3261e}.wide{overflow-x:auto}
.calendar td,.calendar th{padding:0 1px;border:1px solid #fff;font-weight:normal}.calendar td:not(.n){min-width:9px;height:14px}
.calendar tbody th{padding-right:8px;white-space:nowrap}.day span{writing-mode:vertical-rl;font-size:11px}
.missing span,.unreadable span{color:#b3261e;font-weight:bold}.live span{color:#1f5fa8}
.s0{background:#f6d5d2}.s1{background:#d3e3f4}.s2{background:#9fc3e6}.s3{background:#5e97cf}.s4{background:#1f5fa8}.sx{background:#b3261e}
.key{padding:1px 6px}.s3,.s4,.sx{color:#fff}
polyline{fill:none;stroke:#1f5fa8;stroke-width:1.3}`,
};

function countOf(findings: readonly Finding[], status: Finding['status']): number {
  return findings.filter((one) => one.status === status).length;
}

function findingsSection(findings: readonly Finding[]): Html {
  const rows = (shown: readonly Finding[]): Html =>
    table(
      ['status', 'check', 'subject', 'observed', 'limit', 'what to do'],
      shown.map((finding) => {
        const { status, check, subject, hint } = finding;
        const { observed, limit } = shownValues(finding);
        const mark = html`<span class="${status}">${status}</span>`;
        return [mark, check, subject, observed, limit, hint ?? ''];
      }),
    );
  const bad = [
    ...findings.filter(({ status }) => status === 'fail'),
    ...findings.filter(({ status }) => status === 'warn'),
  ];
  const good = findings.filter(({ status }) => status === 'ok');
  return html`${bad.length > 0 ? rows(bad) : html`<p>Nothing to look at.</p>`}
<details><summary>${good.length} ok</summary>${rows(good)}</details>`;
}

function backupsSection({ backups, proofs }: ReportContent): Html {
  if (backups.length === 0) return html`<p>No backups.</p>`;
  const provenAt = new Map(proofs.map((proof) => [proof.id, proof.at]));
  return table(
    ['id', 'taken at', 'bytes', 'rows', 'proven at'],
    [...backups]
      .sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1))
      .map(({ id, takenAt, sizeBytes, rows }) => [
        id,
        takenAt,
        sizeBytes,
        Object.values(rows).reduce((sum, count) => sum + count, 0),
        provenAt.get(id) ?? 'never',
      ]),
  );
}

function runsSection({ runs, runCount, facts }: ReportContent): Html {
  if (runs.length === 0) return html`<p>No runs.</p>`;
  const curves = new Map(facts.curves.map((curve) => [curve.runId, curve]));
  return html`<p>${runs.length} of ${runCount} runs, newest first.</p>${table(
    ['run', 'strategy', 'state', 'total return', 'max drawdown', 'sharpe', 'equity'],
    runs.map((run) => [
      run.runId,
      run.strategyId,
      run.error === undefined ? run.state : `${run.state}: ${run.error}`,
      metricOf(run, 'totalReturn'),
      metricOf(run, 'maxDrawdown'),
      metricOf(run, 'sharpe'),
      curveOf(run.runId, curves.get(run.runId)),
    ]),
  )}`;
}

function metricOf(run: RunRecord, name: string): string {
  const value = run.metrics?.[name];
  return typeof value === 'number' ? value.toPrecision(4) : '-';
}

function curveOf(runId: string, curve: RunCurve | undefined): Html {
  if (!curve) return html`<span class="dim">-</span>`;
  if (curve.problem !== undefined) return html`<span class="fail">${curve.problem}</span>`;
  return sparkline(`Equity of ${runId}`, curve.equity);
}
