import { type FileEntry, filesToArchive, Manifest } from '@tb/history';
import { buildAndPublish, type HistoryTools } from './publish-events.ts';

export interface ArchiveRule {
  /** Trading date that ages are counted from. */
  readonly today: string;
  readonly tickDays?: number | undefined;
  readonly minuteDays?: number | undefined;
  readonly exchanges?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface ArchiveResult {
  readonly status: 'archived' | 'already_archived' | 'planned';
  readonly files: readonly FileEntry[];
}

/** Old ticks and 1m candles to Parquet: each written, read back and compared before its hot file goes; still answered. */
export async function archive(rule: ArchiveRule, tools: HistoryTools): Promise<ArchiveResult> {
  using manifest = Manifest.openReader(tools.layout);
  const snapshot = manifest.snapshot();
  const exchanges = rule.exchanges ?? snapshot.exchanges();
  const files = exchanges.flatMap((exchange) =>
    filesToArchive(snapshot, {
      exchange,
      today: rule.today,
      tickDays: rule.tickDays,
      minuteDays: rule.minuteDays,
    }),
  );
  if (rule.dryRun === true) return { status: 'planned', files };
  if (files.length === 0) return { status: 'already_archived', files };
  await buildAndPublish({ task: 'archive', root: tools.layout.root, files }, tools);
  return { status: 'archived', files };
}
