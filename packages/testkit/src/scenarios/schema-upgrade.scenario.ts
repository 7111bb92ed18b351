import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCopy } from '../oracle/open-copy.ts';
import { sha256, storeContent } from '../oracle/store-digest.ts';
import type { Scenario } from '../scenario.ts';
import { insertOrders, tradingDb } from './orders.ts';
import { mustRun } from './tb.ts';

const script = fileURLToPath(new URL('./children/schema-upgrade.mjs', import.meta.url));
const ORDERS = 30;

/** Schema version, new columns, new rows, changed rows. */
function upgradeState(root: string): string {
  using copy = openCopy(tradingDb(root));
  const one = (sql: string): unknown => copy.db.prepare(sql).pluck().get();
  const version = Number(copy.db.pragma('user_version', { simple: true }));
  const steps = Number(one('SELECT count(*) FROM schema_migrations'));
  const column = Number(
    one("SELECT count(*) FROM pragma_table_info('orders') WHERE name = 'desk'"),
  );
  const table = Number(one("SELECT count(*) FROM sqlite_schema WHERE name = 'order_notes'"));
  const notes = table === 0 ? 0 : Number(one('SELECT count(*) FROM order_notes'));
  const desks = column === 0 ? 0 : Number(one("SELECT count(*) FROM orders WHERE desk = 'first'"));
  return [version, steps, column, table, notes, desks].join(' ');
}

/** Everything of the orders that the upgrade does not touch. */
function ordersOf(root: string): string {
  using copy = openCopy(tradingDb(root));
  const sql =
    'SELECT client_order_id, symbol, side, quantity, limit_price, state FROM orders ORDER BY 1';
  return sha256(copy.db.prepare(sql).raw().all().join('\n'));
}

/** A migration of a filled database: the old schema or the new one, whole, with every row. */
export const scenario: Scenario = {
  name: 'schema-upgrade',
  commands: [],
  prepare: async (root) => {
    await mustRun(root, 'init');
    insertOrders(root, 1, ORDERS);
    writeFileSync(join(root, 'orders'), ordersOf(root));
  },
  command: (root) => ({ argv: [process.execPath, script, root] }),
  promises: (acked) => acked.includes('upgraded\n'),
  check: async (root, { promised }) => {
    storeContent(tradingDb(root)); // throws when it is not whole
    const state = upgradeState(root);
    const [before, after] = ['1 1 0 0 0 0', `2 2 1 1 ${ORDERS} ${ORDERS / 2}`];
    return [
      ...(state === before || state === after ? [] : [`between two schemas: ${state}`]),
      ...(promised && state !== after ? [`said to be done, but the schema is ${state}`] : []),
      ...(ordersOf(root) === readFileSync(join(root, 'orders'), 'utf8') ? [] : ['orders changed']),
    ];
  },
  digest: async (root) => sha256(storeContent(tradingDb(root))),
};
