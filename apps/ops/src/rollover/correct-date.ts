import { type BuiltFile, type Explanation, Manifest } from '@tb/history';
import { LiveReader, type LiveSnapshot } from '@tb/live';
import { findingsOf } from '../gates.ts';
import { additionsOf, liveMarker, type WaitingRows } from '../import/additions.ts';
import type { BuiltDate } from '../import/build-job.ts';
import type { CorrectionOptions } from '../import/import-options.ts';
import { addWaiting } from './add-waiting.ts';
import { conflict } from './published-elsewhere.ts';
import type { RolledDate, RolloverTools } from './rollover-tools.ts';
import { addedThrough, waitingRows } from './waiting-rows.ts';

export interface CorrectDateOptions {
  readonly tradingDate: string;
  readonly correction: CorrectionOptions;
  readonly dryRun: boolean;
  readonly explained: readonly Explanation[];
}

/**
 * Adds what the live buffer holds of a published trading date to its ticks, as a new revision with the reason in the record.
 * The commit point is the manifest transaction; the new revision names the rows that were added, so that a rerun only
 * removes them from the live buffer.
 *
 * @throws `GATE_FAILED`, `DATE_CONFLICT`, `FREEZE_MOVED`, and what live and history throw.
 */
export async function correctDate(
  options: CorrectDateOptions,
  tools: RolloverTools,
): Promise<RolledDate> {
  const day = tools.live.dayState(options.tradingDate);
  const built = [
    ...(day && day.state !== 'cleared' ? await correctWhole(options, tools) : []),
    ...(await correctLate(options, tools)),
  ];
  const last = built[built.length - 1];
  return {
    date: options.tradingDate,
    status: last ? (options.dryRun ? 'planned' : 'corrected') : 'already_corrected',
    files: newestOf(built.flatMap(({ files }) => files)),
    rows: last?.rows ?? {},
    findings: built.flatMap(({ gates }) => findingsOf(gates)),
  };
}

/** A date of its own: frozen, added, and cleared. */
async function correctWhole(
  options: CorrectDateOptions,
  tools: RolloverTools,
): Promise<readonly BuiltDate[]> {
  const { tradingDate } = options;
  const { live } = tools;
  if (!options.dryRun) await live.freeze(tradingDate);
  tools.onStep?.('frozen');
  const rows = waitingRows(snapshotOf(tools), tradingDate, 'date');
  if (!rows) throw conflict(live, tradingDate);
  const isAdded = additions(tools, tradingDate).has(liveMarker(rows));
  const built = isAdded
    ? []
    : [await addWaiting({ ...options, part: 'date', rows, afterSeq: undefined }, tools)];
  if (!options.dryRun) await clearWhole(tools, tradingDate, rows);
  return built;
}

/** Rows that came after the freeze. */
async function correctLate(
  options: CorrectDateOptions,
  tools: RolloverTools,
): Promise<readonly BuiltDate[]> {
  const { tradingDate } = options;
  const snapshot = snapshotOf(tools);
  const afterSeq = addedThrough(snapshot, tradingDate, additions(tools, tradingDate));
  const rows = waitingRows(snapshot, tradingDate, 'late', { afterSeq });
  const built = rows ? [await addWaiting({ ...options, part: 'late', rows, afterSeq }, tools)] : [];
  const throughSeq = rows?.throughSeq ?? afterSeq;
  if (throughSeq !== undefined && !options.dryRun) {
    await tools.live.clearLate(tradingDate, throughSeq);
    tools.onStep?.('cleared');
  }
  return built;
}

async function clearWhole(
  tools: RolloverTools,
  tradingDate: string,
  rows: WaitingRows,
): Promise<void> {
  const { live } = tools;
  using manifest = Manifest.openReader(tools.layout);
  const day = live.days().find((each) => each.tradingDate === tradingDate);
  await live.clear(tradingDate, {
    publishedProof: {
      manifestVersion: manifest.snapshot().version,
      frozenSeq: day?.frozenSeq ?? -1n,
      tickRows: rows.rows,
      // Its candles are those of the added ticks: derived again from all ticks of the date.
      candleRows: day?.candles ?? 0,
    },
  });
  tools.onStep?.('cleared');
}

function snapshotOf({ layout, live }: RolloverTools): LiveSnapshot {
  using reader = LiveReader.open({ layout, exchange: live.exchange });
  return reader.snapshot();
}

/** Additions that any revision of the published ticks holds. */
function additions({ layout, live }: RolloverTools, tradingDate: string): ReadonlySet<string> {
  using manifest = Manifest.openReader(layout);
  const files = manifest.snapshot().revisionsOf(live.exchange, tradingDate);
  return additionsOf(files.filter((file) => file.kind === 'ticks'));
}

/** Of files that were made twice, the later revision. */
function newestOf(files: readonly BuiltFile[]): readonly BuiltFile[] {
  return [...new Map(files.map((file) => [`${file.kind} ${file.timeframe}`, file])).values()];
}
