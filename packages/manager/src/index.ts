export {
  DatabaseManager,
  type LiveOwner,
  type ManagerBase,
  type MarketDataOwner,
} from './database-manager.ts';
export {
  isManagerError,
  ManagerError,
  type ManagerErrorCode,
  managerErrors,
} from './errors.ts';
export type { ManagerEvent, ManagerEventHandler } from './event.ts';
export type { DuckOptions } from './market/duck-engine.ts';
export type { OpenOptions, WriteOptions } from './open-options.ts';
export { ownerOf, ROLES, type Role, type StoreTables, type WritableStore } from './role.ts';
export type { SqlOptions, SqlResult, SqlSession } from './sql/sql-session.ts';
export {
  type InitialisedDatabase,
  type InitialisedRoot,
  type InitialiseOptions,
  initialiseRoot,
} from './store/initialise-root.ts';
