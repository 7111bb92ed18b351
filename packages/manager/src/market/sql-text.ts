/** A text as a SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** ns UTC as a TIMESTAMP_NS, exact. */
export function timestamp(ns: bigint): string {
  return `make_timestamp_ns(${ns})`;
}
