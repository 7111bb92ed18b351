import { ManagerError } from '../errors.ts';

/** Table functions that reach nothing outside the query. */
const TABLE_FUNCTIONS = new Set(['range', 'generate_series', 'unnest', 'repeat_row']);
/** Scalar functions that read or change the process or the instance. */
const REFUSED_FUNCTIONS = new Set([
  'current_setting',
  'getenv',
  'getvariable',
  'nextval',
  'write_log',
  'which_secret',
]);

type Node = Readonly<Record<string, unknown>>;

/**
 * Checks a statement by its syntax tree: one SELECT, over the known views and its own WITH clauses, without table functions
 * that read files, settings or the catalogue. DuckDB itself is shut off from files besides; this is the first of two fences,
 * and the one that says what is wrong.
 *
 * @param tree What `json_serialize_sql` gives.
 * @returns The views that the statement reads.
 * @throws `SQL_REFUSED`
 */
export function checkSql(tree: string, views: ReadonlySet<string>): ReadonlySet<string> {
  const root = JSON.parse(tree) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    statements?: Node[];
  };
  if (root.error)
    throw refused(
      root.error_type === 'parser'
        ? `The SQL is not valid: ${root.error_message}`
        : 'Only one SELECT is allowed',
    );
  if (root.statements?.length !== 1)
    throw refused(
      `Only one SELECT is allowed, here are ${root.statements?.length ?? 0} statements`,
    );
  const tables = new Set<string>();
  visit(root.statements[0], new Set(), (table) => tables.add(table));
  for (const table of tables)
    if (!views.has(table))
      throw refused(
        `There is no view ${JSON.stringify(table)}; there are ${[...views].join(', ')}`,
      );
  return tables;
}

/** @param scope Names of WITH clauses that hold here. @param found Called with every other table. */
function visit(value: unknown, scope: ReadonlySet<string>, found: (table: string) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, scope, found);
  else if (typeof value === 'object' && value !== null) {
    const node = value as Node;
    if (node['type'] === 'BASE_TABLE') {
      const table = tableName(node);
      if (!scope.has(table)) found(table);
    }
    if (node['type'] === 'SHOW_REF' && !node['query'])
      throw refused('SHOW is not allowed; DESCRIBE one of the views');
    if (node['type'] === 'TABLE_FUNCTION') checkTableFunction(node['function'] as Node);
    if (node['class'] === 'FUNCTION') checkFunction(node);
    const inner = visitWithClauses(node, scope, found);
    for (const [key, child] of Object.entries(node))
      if (key !== 'cte_map') visit(child, inner, found);
  }
}

interface WithClause {
  readonly key: string;
  readonly value: { readonly query?: { readonly node?: Node } };
}

/** Names hold from the next clause on, in the clause itself only when it is recursive. @returns the scope of the body */
function visitWithClauses(
  node: Node,
  outer: ReadonlySet<string>,
  found: (table: string) => void,
): ReadonlySet<string> {
  const clauses = (node['cte_map'] as { map?: readonly WithClause[] } | undefined)?.map ?? [];
  const scope = new Set(outer);
  for (const { key, value } of clauses) {
    const name = key.toLowerCase();
    const isRecursive = value.query?.node?.['type'] === 'RECURSIVE_CTE_NODE';
    visit(value, isRecursive ? new Set([...scope, name]) : scope, found);
    scope.add(name);
  }
  return scope;
}

function tableName(node: Node): string {
  const { schema_name: schema, catalog_name: catalog, table_name: table } = node;
  if (schema !== '' || catalog !== '')
    throw refused(`Name the view alone, without ${String(catalog || schema)}.`);
  return String(table).toLowerCase();
}

function checkTableFunction(call: Node): void {
  const name = String(call['function_name']).toLowerCase();
  if (!TABLE_FUNCTIONS.has(name)) throw refused(`The table function ${name} is not allowed`);
}

function checkFunction(call: Node): void {
  const name = String(call['function_name']).toLowerCase();
  if (REFUSED_FUNCTIONS.has(name)) throw refused(`The function ${name} is not allowed`);
}

function refused(message: string): ManagerError {
  return new ManagerError('SQL_REFUSED', message);
}
