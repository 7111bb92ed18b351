// Holds a DuckDB file open for writing until it is killed.
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(process.argv[2]);
const connection = await instance.connect();
await connection.run('CREATE TABLE IF NOT EXISTS held (x INTEGER)');
process.stdout.write('held\n');
setInterval(() => connection, 1000);
