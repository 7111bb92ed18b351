import type { Finding } from './finding.ts';

/** What numbers of a check count: milliseconds, bytes, a share of 1; every other check counts things. */
const UNIT_OF: Readonly<Record<string, 'ms' | 'bytes' | 'share'>> = {
  freshness: 'ms',
  rollover: 'ms',
  backups: 'ms',
  'proven-restores': 'ms',
  clock: 'ms',
  disk: 'bytes',
  wal: 'bytes',
  rejected: 'share',
};

/** Values of a finding for people. JSON and metrics have the numbers. */
export function shownValues(finding: Finding): {
  readonly observed: string;
  readonly limit: string;
} {
  const show = (value: Finding['observed']): string =>
    typeof value === 'number' ? shownNumber(value, UNIT_OF[finding.check]) : (value ?? '-');
  return { observed: show(finding.observed), limit: show(finding.limit) };
}

function shownNumber(value: number, unit: 'ms' | 'bytes' | 'share' | undefined): string {
  if (unit === 'ms') return durationText(value);
  if (unit === 'bytes') return bytesText(value);
  if (unit === 'share') return `${Number((value * 100).toPrecision(3))} %`;
  return String(value);
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** In the largest unit that gives at least 1, with one digit after the point: `2 h`, `7 d`, `1.5 min`. */
function durationText(ms: number): string {
  const [size, unit] = STEPS.find(([least]) => ms >= least) ?? [1, 'ms'];
  return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}

function bytesText(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'][power] ?? 'B';
  return `${Math.round((bytes / 1000 ** power) * 10) / 10} ${unit}`;
}
