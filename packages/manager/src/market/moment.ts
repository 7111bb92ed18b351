import type { ManifestSnapshot } from '@tb/history';
import type { LiveSnapshot } from '@tb/live';
import type { Watermark } from '@tb/schema';

/** Both sides at one moment: all live buffers first, then the manifest, never the other way round. */
export interface Moment {
  readonly live: ReadonlyMap<string, LiveSnapshot>;
  readonly manifest: ManifestSnapshot;
}

/** Whether anything was published, sealed, compacted or cleared between two moments. */
export function hasMoved(before: Moment, now: Moment): boolean {
  if (before.manifest.version !== now.manifest.version) return true;
  const exchanges = new Set([...before.live.keys(), ...now.live.keys()]);
  return [...exchanges].some(
    (name) => before.live.get(name)?.catalogVersion !== now.live.get(name)?.catalogVersion,
  );
}

export function watermarkOf(moment: Moment): Watermark {
  const live = [...moment.live].map(([exchange, { seq, catalogVersion }]) => [
    exchange,
    { seq, catalogVersion },
  ]);
  return {
    manifestVersion: moment.manifest.version,
    live: Object.fromEntries(live) as Watermark['live'],
  };
}
