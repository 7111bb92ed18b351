import type { SessionCalendar } from '@tb/calendar';
import { type BuiltFile, type FileEntry, type GateResult, ManifestWriter } from '@tb/history';
import type { LiveBuffer } from '@tb/live';
import type { Layout } from '@tb/schema';

/** Named points of a rollover, in order; tests kill the process at each. Steps of the worker come as `build <step>`. */
export type RolloverStep =
  | 'frozen'
  | `build ${string}`
  | 'built'
  | 'placed linked'
  | 'placed unlinked'
  | 'placed folders-synced'
  | 'published'
  | 'cleared'
  | `correct ${string}`;

export interface RolloverTools {
  readonly layout: Layout;
  /** The live buffer, opened by its one writer: this process. */
  readonly live: LiveBuffer;
  readonly calendar: SessionCalendar;
  /** How long to wait for the lock of market_data, ms. Default 30,000: an import gives it back twice a second. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: RolloverStep) => void) | undefined;
  /** ns UTC; the clock by default. */
  readonly now?: (() => bigint) | undefined;
  /** DuckDB memory of the worker. Default 256 and 1 more for every 32 symbols of the date, 512 for a correction. */
  readonly memoryLimitMb?: number | undefined;
}

/** What became of one trading date. */
export interface RolledDate {
  readonly date: string;
  /** `waiting`: rows of a published date stay where they are until a correction adds them. */
  readonly status:
    | 'promoted'
    | 'already_promoted'
    | 'corrected'
    | 'already_corrected'
    | 'waiting'
    | 'planned';
  readonly files: readonly (BuiltFile | FileEntry)[];
  /** Rows a file, also of a dry run. */
  readonly rows: Readonly<Record<string, number>>;
  /** Gate results that are not simply ok: flagged, or accepted with an explanation. */
  readonly findings: readonly GateResult[];
}

/** The lock of market_data is held for a moment at a time: never while a date is built. */
export async function withManifest<T>(
  tools: RolloverTools,
  body: (writer: ManifestWriter) => Promise<T>,
): Promise<T> {
  await using writer = await ManifestWriter.open({
    layout: tools.layout,
    purpose: 'rollover',
    waitMs: tools.waitMs ?? 30_000,
    signal: tools.signal,
    now: tools.now,
  });
  return await body(writer);
}
