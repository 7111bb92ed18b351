import { readFileSync } from 'node:fs';

/** One line of the log that all contenders append to, or of the parent. */
export interface LogLine {
  /** Monotonic nanoseconds, one clock for all processes. */
  readonly at: bigint;
  readonly pid: number;
  readonly kind: string;
  readonly epoch?: number | undefined;
  readonly waitedMs?: number | undefined;
  readonly error?: string | undefined;
}

/** One hold of the lock, as its process saw it. */
interface Interval {
  readonly pid: number;
  readonly epoch: number;
  readonly from: bigint;
  /** Exit, loss, or the stamp taken before a signal that killed it. */
  readonly to: bigint;
  readonly end: 'exit' | 'lost' | 'killed';
}

export interface IntervalAnalysis {
  readonly intervals: readonly Interval[];
  /** Pairs that were inside at the same time: each one is two holders. */
  readonly overlaps: readonly (readonly [Interval, Interval])[];
  /** The witness port was still taken after 100 ms. */
  readonly refused: readonly LogLine[];
  /** The witness port was free only after a moment: a predecessor was still dying. */
  readonly waitedMs: readonly number[];
}

/** A line cut off by a kill in the middle of a write is left out: one write is one line, and it can only be the last. */
export function readLog(path: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (!text.endsWith('}')) continue;
    const line = JSON.parse(text) as LogLine & { at: string };
    lines.push({ ...line, at: BigInt(line.at) });
  }
  return lines;
}

/**
 * Checks off line that no two holds overlap. A killed holder's ends at the stamp taken before the signal: later it did
 * nothing. A stopped one's goes on.
 *
 * @param kills Stamps of the parent's SIGKILLs, by pid.
 * @param endNs End of the run, for holds that nobody ended.
 */
export function analyse(
  log: readonly LogLine[],
  kills: ReadonlyMap<number, bigint>,
  endNs: bigint,
): IntervalAnalysis {
  const intervals = intervalsOf(log, kills, endNs).sort((a, b) => (a.from < b.from ? -1 : 1));
  const overlaps: [Interval, Interval][] = [];
  let last: Interval | undefined;
  for (const interval of intervals) {
    if (last !== undefined && interval.from < last.to) overlaps.push([last, interval]);
    if (last === undefined || interval.to > last.to) last = interval;
  }
  return {
    intervals,
    overlaps,
    refused: log.filter((line) => line.kind === 'witness-refused'),
    waitedMs: log
      .filter((line) => line.kind === 'witness-waited')
      .map((line) => line.waitedMs ?? 0),
  };
}

function intervalsOf(
  log: readonly LogLine[],
  kills: ReadonlyMap<number, bigint>,
  endNs: bigint,
): Interval[] {
  const open = new Map<number, LogLine>();
  const done: Interval[] = [];
  const close = (enter: LogLine, to: bigint, end: Interval['end']): void => {
    open.delete(enter.pid);
    done.push({ pid: enter.pid, epoch: enter.epoch ?? 0, from: enter.at, to, end });
  };
  for (const line of log) {
    const enter = open.get(line.pid);
    if (line.kind === 'enter') {
      open.set(line.pid, line);
    } else if (enter !== undefined && (line.kind === 'exit' || line.kind === 'lost')) {
      close(enter, line.at, line.kind);
    } else if (enter !== undefined && line.kind === 'dying') {
      close(enter, line.at, 'killed');
    }
  }
  for (const enter of [...open.values()]) {
    let to = kills.get(enter.pid) ?? endNs;
    // It may enter between the stamp and the signal, some microseconds later.
    if (to < enter.at) to = enter.at;
    close(enter, to, 'killed');
  }
  return done;
}
