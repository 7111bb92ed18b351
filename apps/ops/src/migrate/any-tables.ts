import type { Kysely } from 'kysely';
import type { TargetValue } from './map/target-row.ts';

/** A store without its types: its tables and columns come from `TARGET_KEYS` and the mappers. */
export type AnyTables = Kysely<Record<string, Record<string, TargetValue>>>;
