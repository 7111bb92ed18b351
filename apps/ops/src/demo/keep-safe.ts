import { openSqlite } from '@tb/locks';
import { DatabaseManager } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { BACKUP_DATABASES } from '../backup/backup-entry.ts';
import { drill } from '../backup/drill.ts';
import { restore } from '../backup/restore.ts';
import { takeBackups } from '../backup/take-backup.ts';

export interface SafeFigures {
  readonly backups: number;
  readonly ordersRestored: number;
  readonly drillMs: number;
}

/** Backs everything up while the execution engine and the scanner write. */
export async function backUp(layout: Layout): Promise<number> {
  return (await takeBackups(BACKUP_DATABASES, { layout, signal: new AbortController().signal }))
    .length;
}

/** Restores trading beside, counts its orders, and drills: everything into a scratch root, every check on it. */
export async function proveBackups(
  layout: Layout,
  scratch: string,
): Promise<Omit<SafeFigures, 'backups'>> {
  const { signal } = new AbortController();
  const target = layoutOf(scratch);
  await restore({ database: 'trading', to: target.storeDir('trading') }, { layout, signal });
  const { rtoMs } = await drill({ layout, signal });
  return { ordersRestored: await ordersIn(target.storeDb('trading')), drillMs: rtoMs };
}

async function ordersIn(path: string): Promise<number> {
  const db = openSqlite(path, { readonly: true });
  try {
    return Number(db.prepare('SELECT count(*) FROM orders').pluck().get());
  } finally {
    db.close();
  }
}

/** Orders and fills that the execution engine has acknowledged, as they are in the database now. */
export async function ordersInRoot(
  layout: Layout,
): Promise<{ readonly orders: number; readonly trades: number }> {
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  return await manager.read('trading', async (db) => {
    const count = (rows: readonly unknown[]): number => rows.length;
    return {
      orders: count(await db.selectFrom('orders').select('client_order_id').execute()),
      trades: count(await db.selectFrom('trades').select('trade_id').execute()),
    };
  });
}
