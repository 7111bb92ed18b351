/**
 * The process that holds the source open: an engine that crashes on a damaged file takes this process with it, and not the
 * command. Answers one call at a time; dies with its parent.
 */
import { layoutOf } from '@tb/schema';
import { type OpenJob, openSource } from './open-source.ts';
import { type Answer, type Call, plainError } from './rpc.ts';
import { type SourceMethod, SourceSession } from './source-session.ts';

let session: SourceSession | undefined;
let calls: Promise<void> = Promise.resolve();

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL')); // exit() aborts while DuckDB works
// Ctrl-C reaches the whole group: the parent decides when to stop, and closes the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (call: Call) => {
  calls = calls.then(() => answer(call));
});

async function answer({ id, method, argument }: Call): Promise<void> {
  try {
    send({ id, result: await perform(method, argument) });
  } catch (error) {
    send({ id, error: plainError(error) });
  }
}

async function perform(method: string, argument: unknown): Promise<unknown> {
  if (method === 'open') {
    const job = argument as OpenJob & { readonly root: string };
    session = await SourceSession.open(await openSource(job), layoutOf(job.root));
    return undefined;
  }
  if (!session) throw new Error(`${method} was called before open`);
  return await session[method as SourceMethod](argument as never);
}

function send(reply: Answer): void {
  process.send?.(reply);
}
