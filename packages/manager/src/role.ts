import type {
  ConfigDatabase,
  IndexDatabase,
  SignalsDatabase,
  StoreName,
  TradingDatabase,
} from '@tb/schema';
import { ManagerError } from './errors.ts';

/** What a process is. The table of roles and what each may write: README. */
export type Role = 'ingestor' | 'execution' | 'scanner' | 'api' | 'backtest' | 'ops' | 'reader';

export const ROLES: readonly Role[] = [
  'ingestor',
  'execution',
  'scanner',
  'api',
  'backtest',
  'ops',
  'reader',
];

/** Tables of each operational store, for Kysely. */
export interface StoreTables {
  trading: TradingDatabase;
  signals: SignalsDatabase;
  config: ConfigDatabase;
  index: IndexDatabase;
}

/** Who may write each store: its owner, and `ops` under the lock of the store. */
interface StoreWriters {
  trading: 'execution' | 'ops';
  signals: 'scanner' | 'ops';
  config: 'api' | 'ops';
  index: 'backtest' | 'ops';
}

/**
 * The stores that a role may write; `never` for a role that may write none. For a union of roles, what every one of
 * them may write, so that a manager of unknown role writes nothing.
 */
export type WritableStore<R extends Role> = {
  [S in StoreName]: [R] extends [StoreWriters[S]] ? S : never;
}[StoreName];

const OWNERS: Readonly<Record<StoreName, Role>> = {
  trading: 'execution',
  signals: 'scanner',
  config: 'api',
  index: 'backtest',
};

/** The role that owns a store. */
export function ownerOf(store: StoreName): Role {
  return OWNERS[store];
}

/**
 * The rule of the types again, for callers that went around them.
 * @throws `NOT_OWNER` naming the role that owns the store.
 */
export function assertMayWrite(role: Role, store: StoreName): void {
  const owner = OWNERS[store];
  if (owner === undefined)
    throw new RangeError(
      `Store ${JSON.stringify(store)} is none of trading, signals, config, index`,
    );
  if (role === owner || role === 'ops') return;
  throw new ManagerError('NOT_OWNER', `Role ${role} may not write ${store}, which ${owner} owns`, {
    hint: `Write ${store} from the process that was opened with role '${owner}'.`,
  });
}

/** How a role holds the lock of a store: for life, for each write, or never. */
export function lockModeOf(role: Role, store: StoreName): 'life' | 'call' | 'never' {
  if (role === 'ops') return 'call';
  if (OWNERS[store] !== role) return 'never';
  return role === 'backtest' ? 'call' : 'life';
}
