// Raises the epoch in a database, as the next writer does.
import { openSqlite } from '@tb/locks';

const db = openSqlite(process.argv[2]);
db.exec("BEGIN IMMEDIATE; UPDATE writer_fence SET epoch = epoch + 1, token = 'successor'; COMMIT");
db.close();
process.send({ deposed: true });
process.disconnect();
