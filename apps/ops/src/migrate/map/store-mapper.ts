import type { Aliases } from '../source-table.ts';
import type { LegacyRow } from './legacy-row.ts';
import type { MappedRow } from './target-row.ts';

/** How the rows of one kind of legacy table become rows of a store. */
export interface StoreMapper<Role extends string = string> {
  readonly store: 'config' | 'signals' | 'trading';
  /** The target table, for the result. */
  readonly target: string;
  readonly aliases: Aliases<Role>;
  /** Roles without which a table is not of this kind: it goes to the archive as it is. */
  readonly required: readonly NoInfer<Role>[];
  readonly times: readonly NoInfer<Role>[];
  /** Times that lie in market hours, and tell the clock. */
  readonly eventTimes?: readonly NoInfer<Role>[] | undefined;
  /** Those of them on which no row hangs: they may follow the clock of the rest of the file. */
  readonly detailTimes?: readonly NoInfer<Role>[] | undefined;
  /** The instrument key of the events. */
  readonly eventKey?: NoInfer<Role> | undefined;
  /** Whether a row that loses its key to an earlier table is archived. Default: quarantined. */
  readonly archivesLosers?: boolean | undefined;
  /** Whether the target has a place for columns without a home; else they go to the archive. */
  readonly hasAttributes: boolean;
  /** Tables are done in ascending order within a store. */
  readonly order: number;
  /** @throws RowProblem @returns 'archived' for a row that has no home; 'elsewhere' for one that another pass takes. */
  map(row: LegacyRow<NoInfer<Role>>): MappedRow | 'archived' | 'elsewhere';
}

/** Keeps the roles of a mapper exact while it stands among mappers of other roles. */
export function storeMapper<Role extends string>(mapper: StoreMapper<Role>): StoreMapper {
  return mapper as unknown as StoreMapper;
}
