import type { Machine } from '../src/machine.ts';
import { thisMachine } from '../src/machine.ts';
import type { ProcessLook } from '../src/platform.ts';

/** This machine with some answers replaced: recorded identities, other clocks. */
export function machineWith(changes: Partial<Machine>): Machine {
  const real = thisMachine();
  const changed = { ...real, ...changes };
  return {
    ...changed,
    self:
      changes.self ??
      (() => ({
        ...real.self(),
        machineId: changed.machineId(),
        bootId: changed.bootId(),
        pidNs: changed.pidNs(),
      })),
  };
}

/** The same machine, whose monotonic clock and sleeps run `factor` times faster: silence without waiting. */
export function hurried(factor: number, changes: Partial<Machine> = {}): Machine {
  const real = thisMachine();
  return machineWith({
    monotonicMs: () => real.monotonicMs() * factor,
    sleep: (ms, signal) => real.sleep(ms / factor, signal),
    ...changes,
  });
}

export const gone: ProcessLook = { exists: 'no', state: null, startTime: null };
