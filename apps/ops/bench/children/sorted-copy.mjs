// A plain sorted copy as a process of its own: what a rollover would be without gates, candles, manifest and clearing.
import { createRequire } from 'node:module';

const { DuckDBInstance } = createRequire(import.meta.url)('@duckdb/node-api');

/** `{ segments: [{ id, path }], target, memoryLimitMb, spill }`: a new database at `target` with the rows of the segments. */
const { segments, target, memoryLimitMb, spill } = JSON.parse(process.argv[2]);
const instance = await DuckDBInstance.create(':memory:', {
  memory_limit: `${memoryLimitMb}MB`,
  threads: '2',
  temp_directory: spill,
});
const connection = await instance.connect();
for (const { id, path } of segments)
  await connection.run(`ATTACH '${path}' AS segment_${id} (TYPE duckdb, READ_ONLY)`);
const union = segments.map(({ id }) => `FROM segment_${id}.data`).join(' UNION ALL ');
await connection.run(`ATTACH '${target}' AS plain (TYPE duckdb)`);
const started = performance.now();
await connection.run(
  `CREATE TABLE plain.main.data AS FROM (${union}) ORDER BY sid, ts, seq; CHECKPOINT plain; DETACH plain`,
);
process.stdout.write(String(performance.now() - started));
connection.closeSync();
instance.closeSync();
