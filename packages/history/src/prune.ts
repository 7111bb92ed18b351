import type { FileEntry } from './day-file.ts';
import { addGarbage } from './garbage.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import { bumpVersion } from './publish.ts';

/** Which revisions may go. */
export interface PruneRule {
  readonly exchange: string;
  /** A revision stays at least so long after the one that replaced it was published. Default 90 days. */
  readonly keepDays?: number | undefined;
  /** Paths that something still needs: those that backtest runs read. */
  readonly pinned?: ReadonlySet<string> | undefined;
  /** ns UTC. */
  readonly now: bigint;
}

const DAY_NS = 86_400_000_000_000n;

/**
 * Revisions that the rule removes: superseded by a newer one that was published `keepDays` ago or earlier, and not
 * pinned. The newest revision never goes.
 */
export function prunableRevisions(
  snapshot: ManifestSnapshot,
  rule: PruneRule,
): readonly FileEntry[] {
  const limit = rule.now - BigInt(rule.keepDays ?? 90) * DAY_NS;
  const prunable: FileEntry[] = [];
  for (const date of snapshot.allTradingDates(rule.exchange)) {
    const revisions = snapshot.revisionsOf(rule.exchange, date);
    for (const one of revisions) {
      if (one.tier === 'pruned' || rule.pinned?.has(one.path)) continue;
      const successor = revisions.find(
        (other) =>
          other.kind === one.kind &&
          other.timeframe === one.timeframe &&
          other.revision > one.revision,
      );
      if (successor && successor.publishedAt <= limit) prunable.push(one);
    }
  }
  return prunable;
}

/**
 * Takes the prunable revisions out of use in one fenced transaction. Their records stay, with tier `pruned`; their files
 * become garbage.
 * @returns What was pruned.
 */
export function pruneRevisions(
  writer: ManifestWriter,
  rule: Omit<PruneRule, 'now'>,
): readonly FileEntry[] {
  const now = writer.now();
  const prunable = prunableRevisions(writer.snapshot(), { ...rule, now });
  if (prunable.length === 0) return prunable;
  writer.write((db) => {
    const version = bumpVersion(db);
    const update = db.prepare(
      "UPDATE files SET tier = 'pruned', changed_in = ? WHERE path = ? AND tier <> 'pruned'",
    );
    for (const one of prunable) {
      update.run(version, one.path);
      addGarbage(db, one.path, now);
    }
  });
  return prunable;
}
