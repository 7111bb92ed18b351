// Writes a row into a DuckDB file and dies before a checkpoint: the row is in the .wal alone.
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(process.argv[2]);
const connection = await instance.connect();
await connection.run(process.argv[3]);
process.kill(process.pid, 'SIGKILL');
