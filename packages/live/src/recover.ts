import { link, open, readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqliteDatabase } from '@tb/locks';
import { syncFolder } from '@tb/schema';
import { LiveError } from './errors.ts';
import type { LiveEventHandler } from './event.ts';
import { makeDir } from './files.ts';
import type { SegmentEntry } from './live-snapshot.ts';
import { reserveSegmentId } from './segment-commit.ts';
import { type Inspection, segmentIdOf } from './segment-job.ts';
import { readSegments } from './segment-list.ts';
import { SegmentProcess } from './segment-process.ts';

export interface RecoveryParts {
  readonly db: SqliteDatabase;
  /** Runs a fenced transaction. */
  readonly transact: <T>(body: () => T) => T;
  readonly exchange: string;
  readonly liveDb: string;
  readonly liveDir: string;
  readonly segmentsDir: string;
  readonly quarantineDir: string;
  readonly now: () => bigint;
  readonly memoryLimitMb: number;
  readonly onEvent: LiveEventHandler | undefined;
  readonly signal: AbortSignal;
}

/**
 * Brings folder and list together after a crash, or after a clean stop: it is the same path. Temporary files go. A file
 * that no list names is removed when live.db has all of its rows, compared one by one, and moved to quarantine when not.
 * (The tail of a seal that was cut off is sealed again: 0.2 s, and no second way for rows to become visible.)
 * @throws `LIVE_CORRUPT`, `SEGMENT_MISSING`, `SEGMENT_CORRUPT`
 */
export async function recover(parts: RecoveryParts): Promise<void> {
  checkDatabase(parts);
  const listed = readSegments(parts.db, parts.liveDir);
  for (const segment of listed) await checkListed(segment);
  const known = new Set([
    ...listed.map(({ path }) => path),
    ...(parts.db.prepare('SELECT path FROM garbage').pluck().all() as string[]).map((path) =>
      join(parts.liveDir, path),
    ),
  ]);
  const counts = { deleted: 0, quarantined: 0 };
  const segments = new SegmentProcess();
  try {
    for (const name of (await readdir(parts.segmentsDir)).sort()) {
      const path = join(parts.segmentsDir, name);
      if (known.has(path)) continue;
      if (name.startsWith('.tmp-')) await rm(path, { recursive: true, force: true });
      else counts[await settle(parts, segments, name)]++;
    }
  } finally {
    await segments.end();
  }
  await syncFolder(parts.segmentsDir);
  const nextSeq = parts.db.prepare('SELECT next_seq FROM counters').pluck().get() as bigint;
  parts.onEvent?.({ type: 'recovered', ...counts, nextSeq });
}

function checkDatabase({ db, exchange }: RecoveryParts): void {
  const [first] = db.prepare('PRAGMA quick_check(1)').pluck().all();
  if (first !== 'ok')
    throw new LiveError(
      'LIVE_CORRUPT',
      `live.db of ${exchange} does not pass quick_check: ${first}`,
    );
}

/** Name and size; the content is checked by whoever attaches it. */
async function checkListed({ path, sizeBytes }: SegmentEntry): Promise<void> {
  const size = await sizeOf(path);
  if (size === undefined) throw new LiveError('SEGMENT_MISSING', `Segment ${path} is not there`);
  if (size !== sizeBytes)
    throw new LiveError(
      'SEGMENT_CORRUPT',
      `Segment ${path} is ${size} bytes, live.db says ${sizeBytes}`,
    );
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Decides about a file that is neither listed nor garbage. */
async function settle(
  parts: RecoveryParts,
  segments: SegmentProcess,
  name: string,
): Promise<'deleted' | 'quarantined'> {
  const path = join(parts.segmentsDir, name);
  const id = segmentIdOf(name);
  if (id === undefined) return quarantine(parts, name, 'its name is not that of a segment');
  keepNumberUsed(parts, id);
  let found: Inspection;
  try {
    found = await segments.inspect(
      {
        kind: 'inspect',
        path,
        exchange: parts.exchange,
        liveDb: parts.liveDb,
        segmentsDir: parts.segmentsDir,
        memoryLimitMb: parts.memoryLimitMb,
      },
      parts.signal,
    );
  } catch (error) {
    parts.signal.throwIfAborted();
    return quarantine(parts, name, `it cannot be read: ${(error as Error).message}`);
  }
  if (!found.isCovered) return quarantine(parts, name, 'it has rows that live.db does not have');
  await rm(path);
  return 'deleted';
}

/** A number that stands in a name is never given out again, whatever becomes of the file. */
function keepNumberUsed({ db, transact }: RecoveryParts, id: number): void {
  const last = Number(
    db
      .prepare("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'segments'")
      .pluck()
      .get(),
  );
  if (id <= last) return;
  transact(() => {
    reserveSegmentId(db);
    db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'segments'").run(id);
  });
}

/** Moves a file out of the way, with the reason beside it. */
async function quarantine(
  parts: RecoveryParts,
  name: string,
  reason: string,
): Promise<'quarantined'> {
  const target = join(parts.quarantineDir, `live-${parts.exchange}-${parts.now()}-${name}`);
  await makeDir(parts.quarantineDir);
  const file = await open(`${target}.json`, 'wx');
  try {
    await file.writeFile(`${JSON.stringify({ name, exchange: parts.exchange, reason })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(join(parts.segmentsDir, name), target);
  await syncFolder(parts.quarantineDir);
  await unlink(join(parts.segmentsDir, name));
  parts.onEvent?.({ type: 'segment_quarantined', path: target, reason });
  return 'quarantined';
}
