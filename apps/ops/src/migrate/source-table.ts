/** A column as the source declares it; `type` is DuckDB's name of the type. */
export interface SourceColumn {
  readonly name: string;
  readonly type: string;
}

/** A table or view of the source, as it is. */
export interface SourceTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly columns: readonly SourceColumn[];
  /** 0 for a view: it has no rows of its own. */
  readonly rows: number;
  /** Sum of the row hashes, decimal; '0' without rows. */
  readonly hash: string;
  /** The statement that made it. */
  readonly sql: string;
}

/** What results and options call a table: its name, with the schema when that is not `main`. */
export function labelOf(table: { readonly schema: string; readonly name: string }): string {
  return table.schema === 'main' ? table.name : `${table.schema}.${table.name}`;
}

/** Which column of a table plays which role; undefined: none does. */
export type Columns<Role extends string> = Readonly<Partial<Record<Role, SourceColumn>>>;

/** Names that a role goes by, in the order of preference, lower case. */
export type Aliases<Role extends string> = Readonly<Record<Role, readonly string[]>>;

/** Finds the columns of a table by their names, without regard to case. One column plays one role at most. */
export function findColumns<Role extends string>(
  table: Pick<SourceTable, 'columns'>,
  aliases: Aliases<Role>,
): Columns<Role> {
  const byName = new Map(table.columns.map((column) => [column.name.toLowerCase(), column]));
  const found: Partial<Record<Role, SourceColumn>> = {};
  for (const role of Object.keys(aliases) as Role[]) {
    const name = aliases[role].find((alias) => byName.has(alias));
    const column = name === undefined ? undefined : byName.get(name);
    if (!column) continue;
    found[role] = column;
    byName.delete(column.name.toLowerCase());
  }
  return found;
}

/** A name as a SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
