import { CLOCK_MODES, FAULT_MODES, type FaultMode } from './fault-mode.ts';
import { seedOf } from './seed.ts';

/** What a run of `pnpm faults` does to each scenario. */
export interface Plan {
  readonly modes: readonly FaultMode[];
  /** Calls to disturb, both ends included; without `to`, until the command completes. */
  readonly from: number;
  readonly to: number | undefined;
  readonly seed: number;
  /** A sample of so many a mode; undefined: every call. */
  readonly points: number | undefined;
  readonly compound: number;
  /** Faults in a row of a compound fault. */
  readonly depth: number;
  readonly deaths: number;
  readonly states: number;
  readonly files: number;
}

/** The options of `pnpm faults` for `parseArgs`. */
export const PLAN_OPTIONS = {
  mode: { type: 'string', multiple: true },
  from: { type: 'string', default: '1' },
  to: { type: 'string' },
  points: { type: 'string' },
  compound: { type: 'string', default: '0' },
  depth: { type: 'string', default: '2' },
  deaths: { type: 'string', default: '0' },
  states: { type: 'string', default: '0' },
  files: { type: 'string', default: '0' },
  seed: { type: 'string' },
} as const;

/** What `parseArgs` makes of them. */
export interface PlanValues {
  /** Default: all that make something fail. */
  readonly mode?: readonly string[];
  readonly from: string;
  readonly to?: string;
  readonly points?: string;
  readonly compound: string;
  readonly depth: string;
  readonly deaths: string;
  readonly states: string;
  readonly files: string;
  readonly seed?: string;
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new RangeError(`--${name} is a whole number, not ${text}`);
  return value;
}

function modesOf(names: readonly string[]): FaultMode[] {
  const known = [...FAULT_MODES, ...CLOCK_MODES];
  return names.map((name) => {
    const mode = known.find((one) => one === name);
    if (mode === undefined) throw new RangeError(`No mode ${name}; there are: ${known.join(', ')}`);
    return mode;
  });
}

/** @throws RangeError that names the option and its value. */
export function planOf(values: PlanValues): Plan {
  if (values.seed !== undefined) process.env['TB_SEED'] = values.seed;
  const [from, to] = [wholeNumber(values.from, 'from'), values.to];
  if (from < 1) throw new RangeError('--from is the number of a call, from 1');
  if (to !== undefined && wholeNumber(to, 'to') < from)
    throw new RangeError(`--to is not before --from: ${to} is before ${from}`);
  const depth = wholeNumber(values.depth, 'depth');
  if (depth < 2) throw new RangeError('--depth is the number of faults in a row, from 2');
  return {
    depth,
    modes: values.mode === undefined ? FAULT_MODES : modesOf(values.mode),
    from,
    to: to === undefined ? undefined : wholeNumber(to, 'to'),
    seed: seedOf(),
    points: values.points === undefined ? undefined : wholeNumber(values.points, 'points'),
    compound: wholeNumber(values.compound, 'compound'),
    deaths: wholeNumber(values.deaths, 'deaths'),
    states: wholeNumber(values.states, 'states'),
    files: wholeNumber(values.files, 'files'),
  };
}
