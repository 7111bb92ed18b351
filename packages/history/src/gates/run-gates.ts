import { contentsEqual, notEmpty, rowsEqual, selfDescribed } from './contents.ts';
import { minutesFromTicks, suppliedAgree, widerFromMinutes } from './derived.ts';
import { noJumps, notFilled } from './drift.ts';
import { symbolsPresent } from './expected-symbols.ts';
import type { Explanation, Finding, Gate, GateContext, Severity } from './gate.ts';
import { minutesPresent, noShortHoles } from './minutes.ts';
import { insideWindow, saneValues, strictOrder } from './shape.ts';

/** Every gate, in the order in which they run: cheap ones and those that name the cause first. */
export const GATES: readonly Gate[] = [
  notEmpty,
  symbolsPresent,
  rowsEqual,
  contentsEqual,
  selfDescribed,
  strictOrder,
  insideWindow,
  saneValues,
  minutesFromTicks,
  widerFromMinutes,
  suppliedAgree,
  minutesPresent,
  noShortHoles,
  notFilled,
  noJumps,
];

/** What a gate said. Plain data. */
export interface GateResult {
  readonly gate: string;
  readonly ok: boolean;
  readonly severity: Severity;
  readonly subject: string;
  readonly observed: string;
  readonly expected: string;
  readonly symbol?: string | undefined;
  /** ISO 8601, UTC. */
  readonly minute?: string | undefined;
  /** Why a finding was accepted; then `ok` is true. */
  readonly explanation?: string | undefined;
}

/**
 * Runs every gate over the built files of a trading date. One result for a gate that holds, one for each finding of one
 * that does not. Changes nothing.
 * @param explained Findings that somebody accepts, by gate and symbol.
 */
export async function runGates(
  context: GateContext,
  explained: readonly Explanation[] = [],
): Promise<readonly GateResult[]> {
  const { exchange, tradingDate } = context.session;
  const results: GateResult[] = [];
  for (const gate of GATES) {
    const findings = await gate.check(context);
    if (findings.length === 0)
      results.push({
        gate: gate.name,
        ok: true,
        severity: gate.severity,
        subject: `${exchange} ${tradingDate}`,
        observed: 'holds',
        expected: gate.rule,
      });
    for (const finding of findings) results.push(resultOf(gate, finding, explained));
  }
  return results;
}

/** Whether nothing stands against publishing. */
export function gatesPassed(results: readonly GateResult[]): boolean {
  return results.every((one) => one.ok || one.severity === 'flag');
}

function resultOf(gate: Gate, finding: Finding, explained: readonly Explanation[]): GateResult {
  const explanation = explained.find(
    (one) =>
      gate.isExplainable &&
      one.gate === gate.name &&
      (one.symbol === undefined || one.symbol === finding.symbol),
  );
  return {
    gate: gate.name,
    severity: gate.severity,
    ok: explanation !== undefined,
    ...finding,
    ...(explanation && { explanation: explanation.reason }),
  };
}
