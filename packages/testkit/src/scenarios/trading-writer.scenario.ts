import { fileURLToPath } from 'node:url';
import { openCopy } from '../oracle/open-copy.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { dataRoot, mustRun } from './tb.ts';

const script = fileURLToPath(new URL('./children/trading-writer.mjs', import.meta.url));
const store = (root: string): string => `${dataRoot(root)}/trading/trading.db`;

/** Orders of the execution engine: an acked one is there, with its line in the log, whatever happened. */
export const scenario: Scenario = {
  name: 'trading-writer',
  commands: [],
  prepare: async (root) => void (await mustRun(root, 'init')),
  command: (root) => ({ argv: [process.execPath, script, root] }),
  check: async (root, { acked, completed }) => {
    using copy = openCopy(store(root));
    const health = copy.db.pragma('integrity_check', { simple: true });
    if (health !== 'ok') return [`integrity_check: ${health}`];
    const ids = (sql: string): string[] => copy.db.prepare(sql).pluck().all() as string[];
    const orders = ids('SELECT client_order_id FROM orders ORDER BY 1');
    const logged = ids('SELECT client_order_id FROM execution_log ORDER BY 1');
    const lost = acked.split('\n').filter((id) => id !== '' && !orders.includes(id));
    return [
      ...(lost.length > 0 ? [`acked orders are lost: ${lost.join(', ')}`] : []),
      ...(orders.join() === logged.join() ? [] : ['a transaction is there in part']),
      ...(completed && orders.length !== 20 ? [`${orders.length} of 20 orders`] : []),
    ];
  },
  digest: async (root) => sha256(storeContent(store(root))),
};
