export {
  isManagerError,
  ManagerError,
  type ManagerErrorCode,
  managerErrors,
} from './errors.ts';
export { ownerOf, ROLES, type Role, type StoreTables, type WritableStore } from './role.ts';
