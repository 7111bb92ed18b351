import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@tb/schema';

const NAME = /^\.import-(\d+)-[0-9a-f]{8}$/;

/** A folder for the rows of one import, on the file system of market_data. What killed imports left goes first. */
export async function openStageFolder(layout: Layout): Promise<string> {
  await discardStages(layout);
  const folder = join(layout.marketData, `.import-${process.pid}-${randomUUID().slice(0, 8)}`);
  await mkdir(folder);
  return folder;
}

/** Removes the folders of imports and corrections whose process is gone. */
export async function discardStages(layout: Layout): Promise<void> {
  for (const name of await readdir(layout.marketData)) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(layout.marketData, name), { recursive: true, force: true });
  }
}

/** Unknown is alive: the worst that follows is a folder that stays. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
