import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasTable, openCopy } from '../oracle/open-copy.ts';
import type { Scenario } from '../scenario.ts';

const script = fileURLToPath(new URL('./children/lock-cycle.mjs', import.meta.url));

/** Epochs whose fenced write is there. */
function epochsOf(root: string): string[] {
  const path = join(root, 'store.db');
  if (!existsSync(path)) return [];
  using copy = openCopy(path);
  if (!hasTable(copy.db, 'epochs')) return [];
  return (copy.db.prepare('SELECT epoch FROM epochs ORDER BY epoch').pluck().all() as bigint[]).map(
    String,
  );
}

/** Writer lock taken and given back: every epoch once, each acked write there, and the lock free for the next run. */
export const scenario: Scenario = {
  name: 'lock-cycle',
  commands: [],
  prepare: async () => undefined,
  command: (root) => ({ argv: [process.execPath, script, root] }),
  check: async (root, { acked, completed }) => {
    const present = epochsOf(root);
    const printed = acked.split('\n').filter((line) => line !== '');
    const lost = printed.filter((epoch) => !present.includes(epoch));
    return [
      ...(lost.length > 0 ? [`acked writes of epochs ${lost.join(', ')} are lost`] : []),
      ...(printed.some((epoch, i) => i > 0 && BigInt(epoch) <= BigInt(printed[i - 1] as string))
        ? [`epochs do not rise: ${printed.join(', ')}`]
        : []),
      ...(completed && printed.length !== 5 ? [`${printed.length} of 5 rounds`] : []),
    ];
  },
  digest: async (root) => {
    const record = JSON.parse(readFileSync(join(root, '.writer.lock'), 'utf8')) as {
      state: string;
    };
    return `${record.state}, ${existsSync(join(root, '.writer.lock.lock')) ? 'locked' : 'free'}`;
  },
};
