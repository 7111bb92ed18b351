// Opens a DuckDB file read-only as fast as asked, as the earlier system did. argv: JSON { path, pauseMs }.
import { DuckDBInstance } from '@duckdb/node-api';

const { path, pauseMs } = JSON.parse(process.argv[2]);
let tries = 0;
let failed = 0;
let stopped = false;
process.once('disconnect', () => process.exit(1)); // the parent is gone
process.on('message', () => {
  stopped = true;
});
process.send({ ready: true });
while (!stopped) {
  tries++;
  try {
    const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY', threads: '1' });
    const connection = await instance.connect();
    await connection.run('SELECT count(*) FROM t');
    connection.closeSync();
    instance.closeSync();
  } catch {
    failed++;
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
process.send({ tries, failed }, () => process.exit(0));
