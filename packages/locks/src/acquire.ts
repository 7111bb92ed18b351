import type { AcquireOptions, WriterLock } from './writer-lock.ts';
export async function acquireLock(_dir: string, _options: AcquireOptions): Promise<WriterLock> {
  throw new Error('not yet');
}
