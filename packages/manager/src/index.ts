export { Calendars } from './calendars.ts';
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
export type { Attributes } from './trading/attributes.ts';
export {
  add,
  compare,
  type Decimal,
  formatDecimal,
  multiply,
  negate,
  parseDecimal,
  sign,
  subtract,
} from './trading/decimal.ts';
export { type ExecutionEvent, logExecution } from './trading/log-execution.ts';
export type { OrderState } from './trading/order-state.ts';
export { type NewFill, recordFill } from './trading/record-fill.ts';
export { type NewOrder, recordOrder } from './trading/record-order.ts';
export { type OrderUpdate, updateOrder } from './trading/update-order.ts';
