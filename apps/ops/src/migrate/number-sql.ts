const SMALL = /^(U?(TINY|SMALL)INT|INTEGER|UINTEGER|DOUBLE)$/;
const WIDE = /^U?(BIG|HUGE)INT$/;
const DECIMAL = /^DECIMAL/;

/**
 * SQL of a value as DOUBLE; NULL for what is no number. A FLOAT goes by its shortest text: 167.42 stays 167.42, and does
 * not become the 167.4199981689453 that its bits spell.
 * @param type DuckDB's name of its type.
 */
export function doubleSql(expression: string, type: string): string {
  if (SMALL.test(type) || WIDE.test(type) || DECIMAL.test(type)) return `(${expression})::DOUBLE`;
  if (type === 'BOOLEAN') return 'NULL::DOUBLE';
  return `try_cast(trim((${expression})::VARCHAR) AS DOUBLE)`;
}

/** SQL that is false where `doubleSql` gives another number than the source holds, as for 2^53 + 1. */
export function exactSql(expression: string, type: string): string {
  const x = `(${expression})`;
  if (WIDE.test(type)) return `coalesce(try_cast(${x}::DOUBLE AS ${type}) = ${x}, false)`;
  if (DECIMAL.test(type)) return `coalesce(try_cast(${x}::DOUBLE AS ${type}) = ${x}, false)`;
  if (SMALL.test(type)) return 'true';
  const text = `trim(${x}::VARCHAR)`;
  return `(NOT regexp_full_match(${text}, '[+-]?[0-9]+') OR coalesce(try_cast(try_cast(${text} AS DOUBLE) AS HUGEINT) = try_cast(${text} AS HUGEINT), false))`;
}

/** A named number of a row: SQL of the value, its type, and the name that reasons begin with. */
export interface NumberColumn {
  readonly expression: string;
  readonly type: string;
  readonly label: 'price' | 'volume';
}

/** SQL of the reason why a number cannot be moved; NULL when it can. */
export function numberProblemSql({ expression, type, label }: NumberColumn): string {
  const double = doubleSql(expression, type);
  const sign =
    label === 'price'
      ? `WHEN ${double} <= 0 THEN 'price_not_positive'`
      : `WHEN ${double} < 0 THEN 'volume_negative'`;
  return `CASE WHEN (${expression}) IS NULL THEN '${label}_missing'
    WHEN ${double} IS NULL THEN '${label}_not_a_number'
    WHEN NOT isfinite(${double}) THEN '${label}_not_finite'
    WHEN NOT ${exactSql(expression, type)} THEN '${label}_not_exact'
    ${sign} ELSE NULL END`;
}
