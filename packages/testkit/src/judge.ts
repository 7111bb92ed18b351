import { CLOCK_MODES } from './fault-mode.ts';
import type { FaultRun } from './fault-run.ts';
import type { Outcome } from './process-group.ts';
import type { Scenario } from './scenario.ts';

const DEATHS: readonly string[] = ['kill', 'kill-all', 'torn'];
const CLEAR_ERROR = /^Error: .+/m;

/** `exit 4`, `SIGKILL`: for a message. */
export function describeEnd(run: Outcome): string {
  const end = run.signal ?? `exit ${run.exitCode}`;
  const words = run.stderr.trim().split('\n').slice(0, 3).join(' / ');
  return words === '' ? end : `${end}, ${words.slice(0, 300)}`;
}

/**
 * The end of a disturbed run, by itself: no hang, no crash, no exit code that blames the wrong one, and an error that
 * says what it is about. What is on the disk is judged elsewhere.
 */
export function judgeEnd(scenario: Scenario, run: FaultRun): string[] {
  const out: string[] = [];
  if (run.timedOut) out.push('hang: killed after the time limit');
  if (run.orphans) out.push('a child lived on for more than 5 s');
  if (run.timedOut || run.exitCode === 0) return out;
  if (run.signal !== null) {
    const expected = run.signal === 'SIGKILL' && run.fired > 0 && DEATHS.includes(run.point.mode);
    if (!expected) out.push(`the process died: ${describeEnd(run)}`);
    return out;
  }
  if (CLOCK_MODES.includes(run.point.mode))
    return [...out, `a jump of the clock is no error: ${describeEnd(run)}`];
  const allowed = scenario.errorExits ?? [3, 4, 75];
  if (!allowed.includes(run.exitCode as number))
    out.push(`an error must end with exit ${allowed.join(', ')}: ${describeEnd(run)}`);
  if (!(scenario.errorPattern ?? CLEAR_ERROR).test(run.stderr))
    out.push(`the error is not clear: ${describeEnd(run)}`);
  return out;
}
