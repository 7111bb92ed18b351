import type { AcquireOptions } from './acquire-options.ts';
import type { HeldReason } from './errors.ts';
import type { EventListener } from './event.ts';
import type { Machine } from './machine.ts';

/** What one acquisition works with. */
export interface Acquisition {
  /** Real path of the folder. */
  readonly dir: string;
  readonly options: AcquireOptions;
  readonly machine: Machine;
  readonly notify: EventListener;
  readonly foreignIsDead: boolean;
}

/** Why an attempt got nothing; made an error only when nobody waits any longer. */
export interface Refusal {
  readonly reason: HeldReason;
  readonly cause?: unknown;
}
