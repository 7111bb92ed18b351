import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '@tb/schema';
import { LiveError } from './errors.ts';

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Refuses a folder whose live.db is gone or empty although a writer has been there: its lock record is written after the
 * first commit to live.db. Else today's rows would be missing from every answer, and nobody told.
 *
 * @throws `LIVE_CORRUPT`
 */
export function assertNotLost(layout: Layout, exchange: string): void {
  // The record first: a writer that comes in between makes the database before it.
  const hadWriter = sizeOf(join(layout.liveDir(exchange), '.writer.lock')) > 0;
  if (!hadWriter || sizeOf(layout.liveDb(exchange)) > 0) return;
  throw new LiveError(
    'LIVE_CORRUPT',
    `${layout.liveDb(exchange)} is missing or empty, and a writer has been there: .writer.lock says so. Restore it; or remove .writer.lock too, to begin an empty live buffer`,
  );
}
