import type { DuckConnection } from '../duck.ts';
import { onLanes } from '../lanes.ts';
import { contentsEqual, notEmpty, rowsEqual, selfDescribed } from './contents.ts';
import { minutesFromTicks, suppliedAgree, widerFromMinutes } from './derived.ts';
import { noJumps, notFilled } from './drift.ts';
import { symbolsPresent } from './expected-symbols.ts';
import type { Explanation, Finding, Gate, GateContext } from './gate.ts';
import { usualHours } from './hours.ts';
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
  usualHours,
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
  /** Whether a finding stands against publishing. */
  readonly severity: 'refuse' | 'flag';
  readonly subject: string;
  readonly observed: string;
  readonly expected: string;
  readonly symbol?: string | undefined;
  /** ISO 8601, UTC. */
  readonly minute?: string | undefined;
  /** Why a finding was accepted; then `ok` is true. */
  readonly explanation?: string | undefined;
}

/** How findings count. */
export interface GateOptions {
  /** Findings that somebody accepts, by gate and symbol. */
  readonly explained?: readonly Explanation[] | undefined;
  /** What a finding against an expectation does: `refuse` (default) or `flag`, for imports. */
  readonly expectations?: 'refuse' | 'flag' | undefined;
}

/**
 * Runs every gate over the built files of a trading date. One result for a gate that holds, one for each finding of one
 * that does not, in the order of the gates. Changes nothing.
 *
 * @param lanes Connections that see all that `context.connection` sees; each runs one gate at a time.
 */
export async function runGates(
  context: GateContext,
  options: GateOptions = {},
  lanes: readonly DuckConnection[] = [context.connection],
): Promise<readonly GateResult[]> {
  const { exchange, tradingDate } = context.session;
  const results: GateResult[] = [];
  const checked = await onLanes(lanes, GATES, async (gate, connection) => ({
    gate,
    findings: await gate.check({ ...context, connection }),
  }));
  for (const { gate, findings } of checked) {
    if (findings.length === 0)
      results.push({
        gate: gate.name,
        ok: true,
        severity: severityOf(gate, options),
        subject: `${exchange} ${tradingDate}`,
        observed: 'holds',
        expected: gate.rule,
      });
    for (const finding of findings) results.push(resultOf(gate, finding, options));
  }
  return results;
}

/** Whether nothing stands against publishing. */
export function gatesPassed(results: readonly GateResult[]): boolean {
  return results.every((one) => one.ok || one.severity === 'flag');
}

function severityOf(gate: Gate, options: GateOptions): 'refuse' | 'flag' {
  return gate.severity === 'expect' ? (options.expectations ?? 'refuse') : gate.severity;
}

function resultOf(gate: Gate, finding: Finding, options: GateOptions): GateResult {
  const explanation = options.explained?.find(
    (one) =>
      gate.isExplainable &&
      one.gate === gate.name &&
      (one.symbol === undefined || one.symbol === finding.symbol),
  );
  return {
    gate: gate.name,
    severity: severityOf(gate, options),
    ok: explanation !== undefined,
    ...finding,
    ...(explanation && { explanation: explanation.reason }),
  };
}
