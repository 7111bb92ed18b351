import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A child script of `bench/children`, ready to work; `report` stops it and returns what it says. */
export async function child<T>(
  name: string,
  options: object,
): Promise<{ report(): Promise<T>; readonly process: ChildProcess }> {
  const path = fileURLToPath(new URL(`./children/${name}.mjs`, import.meta.url));
  const process = fork(path, [JSON.stringify(options)], { execArgv: [] });
  await once(process, 'message');
  return {
    process,
    async report() {
      const answer = once(process, 'message');
      process.send('stop');
      const [message] = await answer;
      return message as T;
    },
  };
}
