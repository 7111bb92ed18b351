import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFaulted } from '../fault-run.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { tradingDb } from './orders.ts';
import { dataRoot, hasResult, mustRun, tb } from './tb.ts';

const writer = fileURLToPath(new URL('./children/trading-writer.mjs', import.meta.url));
const folder = (root: string): string => join(dataRoot(root), 'trading');

/** State of the lock record, and whether somebody seems to hold the lock. */
function lockState(root: string): string {
  const record = JSON.parse(readFileSync(join(folder(root), '.writer.lock'), 'utf8')) as {
    state: string;
  };
  return `${record.state} ${existsSync(join(folder(root), '.writer.lock.lock')) ? 'locked' : 'free'}`;
}

/** `tb locks break` of a writer that was killed: the lock is free afterwards, and no row of the database is touched. */
export const scenario: Scenario = {
  name: 'locks-break',
  commands: ['locks break'],
  prepare: async (root) => {
    await mustRun(root, 'init');
    const command = { argv: [process.execPath, writer, root] };
    const { signal } = await runFaulted(command, {
      root,
      point: { mode: 'kill', at: 100, seed: 0 },
    });
    if (signal !== 'SIGKILL' || lockState(root) !== 'held locked')
      throw new Error(`No dead holder: ${signal}, ${lockState(root)}`);
  },
  command: (root) => tb(root, 'locks', 'break', 'trading'),
  promises: hasResult,
  check: async (root, { promised }) => {
    storeContent(tradingDb(root)); // throws when it is not whole
    return promised && lockState(root).endsWith('locked') ? [`the lock is ${lockState(root)}`] : [];
  },
  digest: async (root) => sha256(`${lockState(root)} ${storeContent(tradingDb(root))}`),
};
