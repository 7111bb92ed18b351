import type { BuiltFile, GateResult } from '@tb/history';
import { OpsError } from './errors.ts';

/** So many findings of a gate are shown to people. */
const SHOWN = 5;

/** A refused date: names gate, symbol, minute, and what was observed. @param date e.g. `nse 2026-02-02`. */
export function gateError(date: string, gates: readonly GateResult[]): OpsError {
  const failed = gates.filter((gate) => !gate.ok && gate.severity === 'refuse');
  const shown = failed.slice(0, SHOWN).map(shownGate);
  const more = failed.length > SHOWN ? `; and ${failed.length - SHOWN} more` : '';
  return new OpsError('GATE_FAILED', `${date} was not published: ${shown.join('; ')}${more}`);
}

function shownGate(gate: GateResult): string {
  const parts = [
    gate.gate,
    gate.symbol,
    gate.minute,
    `${gate.observed}, expected ${gate.expected}`,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** Results that are not simply ok: flagged, or accepted with an explanation. */
export function findingsOf(gates: readonly GateResult[]): readonly GateResult[] {
  return gates.filter((gate) => !gate.ok || gate.explanation !== undefined);
}

/** Findings for people: of each gate the first few, and how many more there are. `--json` lists them all. */
export function gateLines(findings: readonly GateResult[]): string[] {
  const gates = [...new Set(findings.map((finding) => finding.gate))];
  return gates.flatMap((gate) => {
    const own = findings.filter((finding) => finding.gate === gate);
    const more = own.length - SHOWN;
    return [
      ...own.slice(0, SHOWN).map(findingLine),
      ...(more > 0 ? [`  ${gate}: and ${more} more`] : []),
    ];
  });
}

function findingLine(finding: GateResult): string {
  const parts = [finding.subject, finding.symbol, finding.minute, finding.observed];
  return `  ${finding.gate}: ${parts.filter((part) => part !== undefined).join(' ')}`;
}

/** That a built file stayed behind, because what is published of it came from elsewhere. */
export function keptFinding(file: BuiltFile): GateResult {
  return {
    gate: 'published_stays',
    ok: false,
    severity: 'flag',
    subject: `${file.exchange} ${file.kind} ${file.timeframe} ${file.tradingDate}`,
    observed: 'published from another source before',
    expected: 'derived from the ticks of the live buffer',
  };
}
