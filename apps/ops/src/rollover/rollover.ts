import { type Explanation, Manifest } from '@tb/history';
import type { LiveDayState } from '@tb/live';
import { OpsError } from '../errors.ts';
import type { CorrectionOptions } from '../import/import-options.ts';
import { discardStages } from '../import/stage-folder.ts';
import { correctDate } from './correct-date.ts';
import { rolloverDate } from './rollover-date.ts';
import type { RolledDate, RolloverTools } from './rollover-tools.ts';
import { isWaiting } from './waiting-day.ts';

export interface RolloverOptions {
  /** One trading date; without it every closed date of the live buffer, oldest first. */
  readonly tradingDate?: string | undefined;
  /** Build and check, publish nothing. */
  readonly dryRun?: boolean | undefined;
  /** A date of which the live buffer has nothing is no error. */
  readonly allowEmpty?: boolean | undefined;
  /** Findings of gates that somebody accepts, with the reason. */
  readonly explained?: readonly Explanation[] | undefined;
  /**
   * Rows of a date that is published already are added to it as a new revision, with this reason in the hash-chained record.
   * Without it they stay where they are, and are told.
   */
  readonly correction?: CorrectionOptions | undefined;
  /** Refuse a date in which a symbol of this list, or of the previous session, has no rows. Default: it is told only. */
  readonly strictSymbols?: boolean | undefined;
  /** The instrument list of the exchange; without it the symbols of the previous session are expected. */
  readonly instruments?: readonly string[] | undefined;
  /** A date may be rolled over so long after its session closed. Default 300,000 (5 min). */
  readonly latenessMs?: number | undefined;
}

export interface RolloverResult {
  readonly status:
    | 'promoted'
    | 'already_promoted'
    | 'corrected'
    | 'already_corrected'
    | 'nothing_to_do'
    | 'planned';
  readonly exchange: string;
  readonly dates: readonly RolledDate[];
}

const DEFAULT_LATENESS_MS = 300_000;

/**
 * The live buffer of an exchange into immutable day files. Runs in the process that owns the live buffer: a service calls
 * it as a function, `tb rollover` opens the buffer for it. Readers are served throughout.
 *
 * @throws `SESSION_OPEN`, `NO_SESSION`, `DATE_ABSENT`, `GATE_FAILED`, `DATE_CONFLICT`, `INTERRUPTED`; with several dates,
 *   those before the failing one stay promoted, and a rerun goes on with it.
 */
export async function rollover(
  options: RolloverOptions,
  tools: RolloverTools,
): Promise<RolloverResult> {
  const { exchange } = tools.live;
  // A correction that ended after its commit point is complete, and its rerun finds nothing to do: nobody else would look.
  if (options.correction && options.dryRun !== true) await discardStages(tools.layout);
  const dates =
    options.tradingDate === undefined
      ? closedDates(options, tools)
      : namedDate(options.tradingDate, options, tools);
  const rolled: RolledDate[] = [];
  for (const tradingDate of dates) {
    if (tools.signal?.aborted)
      throw new OpsError(
        'INTERRUPTED',
        `Stopped before ${tradingDate}; ${rolled.length} dates were promoted`,
      );
    rolled.push(...(await oneDate(tradingDate, options, tools)));
  }
  return { status: statusOf(rolled), exchange, dates: rolled };
}

/** The rollover of a date, and the correction of what waits for one, if it was asked for. */
async function oneDate(
  tradingDate: string,
  options: RolloverOptions,
  tools: RolloverTools,
): Promise<RolledDate[]> {
  const { correction } = options;
  const explained = [
    ...(options.explained ?? []),
    ...(options.strictSymbols === true
      ? []
      : [{ gate: 'symbols_present', reason: 'not required' }]),
  ];
  const dryRun = options.dryRun === true;
  const rolled: RolledDate[] = [];
  const before = waitingDay(tradingDate, tools);
  const isLeft = before && (correction || options.tradingDate === undefined);
  if (!isLeft && before?.state !== 'cleared') {
    const expectedSymbols = options.instruments;
    rolled.push(await rolloverDate({ tradingDate, dryRun, expectedSymbols, explained }, tools));
  }
  const waiting = waitingDay(tradingDate, tools);
  if (waiting && correction)
    rolled.push(await correctDate({ tradingDate, correction, dryRun, explained }, tools));
  else if (waiting) rolled.push(waitingDate(waiting, tools));
  return rolled;
}

/** The date as the live buffer has it, when its rows wait for a correction. */
function waitingDay(
  tradingDate: string,
  { layout, live }: RolloverTools,
): LiveDayState | undefined {
  const day = live.dayState(tradingDate);
  if (!day) return undefined;
  using manifest = Manifest.openReader(layout);
  return isWaiting(day, live.exchange, manifest.snapshot()) ? day : undefined;
}

/** Told, and left alone: one date that waits for somebody does not keep the others in the live buffer. */
function waitingDate(day: LiveDayState, { live }: RolloverTools): RolledDate {
  const rows = day.state === 'cleared' ? day.lateRows : day.rows + day.lateRows;
  return {
    date: day.tradingDate,
    status: 'waiting',
    files: [],
    rows: { late: rows },
    findings: [
      {
        gate: 'late_rows',
        ok: false,
        severity: 'flag',
        subject: `${live.exchange} ticks ${day.tradingDate}`,
        observed: `${rows} ticks wait: the date is published without them. \`tb rollover --correct --reason TEXT\` adds them`,
        expected: 'no rows of a published date',
      },
    ],
  };
}

function statusOf(rolled: readonly RolledDate[]): RolloverResult['status'] {
  if (rolled.length === 0) return 'nothing_to_do';
  const order = [
    'promoted',
    'corrected',
    'planned',
    'already_promoted',
    'already_corrected',
  ] as const;
  return order.find((status) => rolled.some((each) => each.status === status)) ?? 'nothing_to_do';
}

/** Dates of the live buffer whose session is over and that have rows here, oldest first. */
function closedDates(options: RolloverOptions, tools: RolloverTools): string[] {
  return tools.live
    .days()
    .filter((day) => day.state !== 'cleared' || day.lateRows > 0)
    .filter((day) => isClosed(day.tradingDate, options, tools))
    .map((day) => day.tradingDate)
    .sort();
}

function namedDate(tradingDate: string, options: RolloverOptions, tools: RolloverTools): string[] {
  const { exchange } = tools.live;
  const session = tools.calendar.sessionOf(tradingDate);
  if (!session)
    throw new OpsError('NO_SESSION', `Exchange ${exchange} has no session on ${tradingDate}`);
  if (!isClosed(tradingDate, options, tools))
    throw new OpsError(
      'SESSION_OPEN',
      `The session of ${exchange} ${tradingDate} closes at ${isoOf(session.close)}`,
    );
  const isAbsent = tools.live.dayState(tradingDate) === undefined;
  return isAbsent && options.allowEmpty === true ? [] : [tradingDate];
}

function isClosed(tradingDate: string, options: RolloverOptions, tools: RolloverTools): boolean {
  const session = tools.calendar.sessionOf(tradingDate);
  const now = tools.now?.() ?? BigInt(Date.now()) * 1_000_000n;
  return (
    session !== undefined &&
    now >= session.close + BigInt(options.latenessMs ?? DEFAULT_LATENESS_MS) * 1_000_000n
  );
}

const isoOf = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();
