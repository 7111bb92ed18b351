/** Options of every DuckDB instance of this package. Extensions are neither installed nor loaded. */
export const DUCKDB_OPTIONS: Readonly<Record<string, string>> = {
  threads: '1',
  memory_limit: '512MB',
  temp_directory: '',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};
