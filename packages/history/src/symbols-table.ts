import { type DuckConnection, identifier, literal } from './duck.ts';

/**
 * Makes a temporary table with `sid INTEGER, symbol VARCHAR` that builds join to. Replaces one of the same name.
 * @param symbols sid to symbol text.
 * @returns The relation to pass as `symbols`.
 */
export async function loadSymbols(
  connection: DuckConnection,
  symbols: ReadonlyMap<number, string>,
  table = 'tb_symbols',
): Promise<string> {
  const relation = `temp.main.${identifier(table)}`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${identifier(table)} (sid INTEGER NOT NULL, symbol VARCHAR NOT NULL)`,
  );
  const values = [...symbols].map(([sid, symbol]) => `(${sid}, ${literal(symbol)})`);
  for (let at = 0; at < values.length; at += 5000)
    await connection.run(
      `INSERT INTO ${relation} VALUES ${values.slice(at, at + 5000).join(', ')}`,
    );
  return relation;
}
