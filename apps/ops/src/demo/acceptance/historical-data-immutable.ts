import type { FileEntry } from '@tb/history';
import type { Layout } from '@tb/schema';
import { runWorker } from '../../worker/run-worker.ts';
import type { TamperJob, TamperResult } from '../tamper-worker.ts';
import type { Acceptance } from './acceptance.ts';

/** A write through a read handle, and a write to the file itself, both fail; the sha256 is unchanged. */
export async function historicalDataImmutable(
  layout: Layout,
  file: FileEntry,
): Promise<Acceptance> {
  const job: TamperJob = { path: layout.absolute(file.path) };
  const result = await runWorker<TamperResult>('demo/tamper-worker.js', job);
  const isPassed = result.engineRefused && result.systemRefused && result.sha256 === file.sha256;
  return {
    name: 'Historical data immutable',
    isPassed,
    figure: `write through a read handle: ${result.engine}; write to the file: ${result.system}; sha256 ${result.sha256 === file.sha256 ? 'unchanged' : 'CHANGED'}`,
  };
}
