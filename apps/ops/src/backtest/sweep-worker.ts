import { layoutOf } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';
import { type RunRequest, runOnce } from './run-once.ts';

/** One run of a sweep in a process of its own. */
serveWorker(({ root, request }: { readonly root: string; readonly request: RunRequest }) =>
  runOnce(layoutOf(root), request),
);
