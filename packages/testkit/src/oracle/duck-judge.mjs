// Answers {path, sql}: attaches one DuckDB file read-only as the current database and returns the rows of the query.
// A process of its own, because a damaged file can end the engine. DuckDB is resolved from apps/ops: testkit installs none.
// bigint comes back as text, NaN as null.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../../../apps/ops/package.json', import.meta.url));
const { DuckDBInstance } = await import(require.resolve('@duckdb/node-api'));
const plain = (_key, value) => (typeof value === 'bigint' ? String(value) : value);
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

for await (const line of createInterface({ input: process.stdin })) {
  const { path, sql } = JSON.parse(line);
  let answer;
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: '512MB',
    });
    const connection = await instance.connect();
    if (path.endsWith('.parquet')) {
      // An archived day file: the symbol stands in each row, and ts_ns is a number.
      const file = `read_parquet(${quoted(path)}, hive_partitioning = false)`;
      await connection.run(
        `CREATE VIEW data AS SELECT * EXCLUDE (symbol, ts_ns), make_timestamp_ns(ts_ns) AS ts FROM ${file}`,
      );
      await connection.run(`CREATE VIEW symbols AS SELECT DISTINCT sid, symbol FROM ${file}`);
    } else {
      await connection.run(`ATTACH ${quoted(path)} AS f (TYPE duckdb, READ_ONLY)`);
      await connection.run('USE f');
    }
    answer = { value: (await connection.runAndReadAll(sql)).getRowsJS() };
    connection.closeSync();
    instance.closeSync();
  } catch (error) {
    answer = { code: 'DUCKDB', message: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
}
