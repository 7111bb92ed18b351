import {
  archiveFile,
  type BuiltArchive,
  type BuiltMonth,
  buildMonth,
  type FileEntry,
  isFileUnusable,
  Manifest,
  openBuildInstance,
  type RebuildResult,
  rebuildManifest,
} from '@tb/history';
import { layoutOf, type StoredTimeframe } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';

/** DuckDB work over published files, in a process that an engine crash may take. */
export type HistoryJob =
  | {
      readonly task: 'months';
      readonly root: string;
      readonly exchange: string;
      readonly months: readonly { readonly timeframe: StoredTimeframe; readonly month: string }[];
    }
  | { readonly task: 'archive'; readonly root: string; readonly files: readonly FileEntry[] }
  | { readonly task: 'rebuild'; readonly root: string; readonly waitMs: number };

/** Emitted as each part is ready; the parent publishes it. */
export type HistoryEvent =
  | { readonly type: 'month'; readonly month: BuiltMonth }
  | { readonly type: 'archive'; readonly archive: BuiltArchive };

serveWorker(
  async (
    job: HistoryJob,
    _step: (name: string) => void,
    emit: (event: HistoryEvent) => void,
  ): Promise<RebuildResult | undefined> => {
    const layout = layoutOf(job.root);
    await using instance = await openBuildInstance({ memoryLimitMb: 512 });
    if (job.task === 'rebuild')
      return await rebuildManifest(instance.connection, {
        layout,
        purpose: 'rebuild',
        waitMs: job.waitMs,
      });
    if (job.task === 'archive') {
      await eachSound(job.files, async (file) =>
        emit({ type: 'archive', archive: await archiveFile(instance.connection, layout, file) }),
      );
      return undefined;
    }
    const { exchange, months } = job;
    using manifest = Manifest.openReader(layout);
    await eachSound(months, async (month) => {
      const spec = { layout, snapshot: manifest.snapshot(), exchange, ...month };
      emit({ type: 'month', month: await buildMonth(instance.connection, spec) });
    });
    return undefined;
  },
);

/** A damaged day file keeps the others from nothing: all of them are done, then the first that is damaged is told. */
async function eachSound<T>(parts: readonly T[], body: (part: T) => Promise<void>): Promise<void> {
  const damaged: unknown[] = [];
  for (const part of parts)
    try {
      await body(part);
    } catch (error) {
      if (!isFileUnusable(error)) throw error;
      damaged.push(error);
    }
  if (damaged.length > 0) throw damaged[0];
}
