import type { ConfigDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import type { ActionRecord } from './action-record.ts';

type Reader = Pick<Kysely<ConfigDatabase>, 'selectFrom'>;

/** All corporate actions and renames of an exchange, superseded ones too. */
export async function storedRecords(db: Reader, exchange: string): Promise<ActionRecord[]> {
  const actions = await db
    .selectFrom('actions')
    .select(['kind', 'symbol', 'ex_date', 'factor', 'known_at'])
    .where('exchange', '=', exchange)
    .execute();
  const renames = await db
    .selectFrom('renames')
    .select(['old_symbol', 'new_symbol', 'from_date', 'known_at'])
    .where('exchange', '=', exchange)
    .execute();
  return [
    ...actions.map(({ kind, symbol, ex_date: date, factor: value, known_at: knownAt }) => {
      return { kind, symbol, date, value, knownAt };
    }),
    ...renames.map((row): ActionRecord => {
      const { old_symbol: symbol, from_date: date, new_symbol: value, known_at: knownAt } = row;
      return { kind: 'rename', symbol, date, value, knownAt };
    }),
  ];
}

/** Stores records in the transaction of the owner. */
export async function insertRecords(
  tx: Pick<Kysely<ConfigDatabase>, 'insertInto'>,
  exchange: string,
  records: readonly ActionRecord[],
): Promise<void> {
  for (const { kind, symbol, date, value, knownAt } of records)
    if (kind === 'rename')
      await tx
        .insertInto('renames')
        .values({
          ...{ exchange, old_symbol: symbol, from_date: date, known_at: knownAt },
          new_symbol: String(value),
        })
        .execute();
    else
      await tx
        .insertInto('actions')
        .values({
          ...{ exchange, symbol, ex_date: date, kind, known_at: knownAt },
          factor: Number(value),
        })
        .execute();
}
