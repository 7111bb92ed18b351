// Stays inside a write transaction of a database, without the writer lock, until it is told to stop.
import { openSqlite } from '@tb/locks';

const db = openSqlite(process.argv[2]);
db.exec('BEGIN IMMEDIATE');
process.send({ state: 'inside' });
process.on('message', () => {
  db.exec('ROLLBACK');
  db.close();
  process.send({ state: 'outside' });
  process.disconnect();
});
