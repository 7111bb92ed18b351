/** `enum mode` of `shim/fault.h` after MODE_OFF, in its order. */
export const SHIM_MODES = [
  'none',
  'kill',
  'kill-all',
  'eio-once',
  'eio-ever',
  'enospc-once',
  'enospc-ever',
  'torn',
  'short',
  'clock-forward',
  'clock-back',
  'record',
] as const;

/** What happens at the N-th call; `record` and `none` disturb nothing. */
export type FaultMode = (typeof SHIM_MODES)[number];

/** The modes that disturb, in the order of the tables. */
export const FAULT_MODES: readonly FaultMode[] = [
  'kill',
  'kill-all',
  'eio-once',
  'eio-ever',
  'enospc-once',
  'enospc-ever',
  'torn',
  'short',
];

/** The wall clock jumps by 25 hours at the N-th call; nothing fails, and the result must be the same. */
export const CLOCK_MODES: readonly FaultMode[] = ['clock-forward', 'clock-back'];

/** One fault: the mode and the number of the call, from 1, among those that the mode can disturb. */
export interface FaultPoint {
  readonly mode: FaultMode;
  readonly at: number;
  readonly seed: number;
}

/** A scenario with the faults of its first run, second run, and so on: what one line of a campaign did. */
export interface Replay {
  readonly scenario: string;
  readonly points: readonly FaultPoint[];
}

function isDisturbing(mode: string): mode is FaultMode {
  return [...FAULT_MODES, ...CLOCK_MODES].some((known) => known === mode);
}

/** `rollover:eio-once:117:42`; a compound fault is `rollover:eio-once:117+kill:5:42`. */
export function formatReplay(replay: Replay): string {
  const faults = replay.points.map(({ mode, at }) => `${mode}:${at}`).join('+');
  return `${replay.scenario}:${faults}:${replay.points[0]?.seed ?? 0}`;
}

/** @throws RangeError when the text is not of the form that `formatReplay` gives. */
export function parseReplay(text: string): Replay {
  const match = /^([a-z-]+):((?:[a-z-]+:\d+)(?:\+[a-z-]+:\d+)*):(\d+)$/.exec(text);
  if (match === null)
    throw new RangeError(
      `TB_FAULT is SCENARIO:MODE:N[+MODE:N...]:SEED, not ${JSON.stringify(text)}`,
    );
  const seed = Number(match[3]);
  const points = (match[2] ?? '').split('+').map((part) => {
    const [mode = '', at] = part.split(':');
    if (!isDisturbing(mode))
      throw new RangeError(`No fault mode ${mode}; there are ${FAULT_MODES.join(', ')}`);
    return { mode, at: Number(at), seed };
  });
  return { scenario: match[1] ?? '', points };
}
