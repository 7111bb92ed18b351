// Commits ten rows to a SQLite database, one transaction each, and acknowledges each on stdout.
// usage: sqlite-commits.mjs DIR FULL|NORMAL|OFF [early]; `early`: the bug of acknowledging before the commit.
import Database from 'better-sqlite3';

const [dir, synchronous = 'FULL', bug] = process.argv.slice(2);
const db = new Database(`${dir}/a.db`);
db.pragma('journal_mode = WAL');
db.pragma(`synchronous = ${synchronous}`);
db.exec('CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT');
const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
const have = new Set(db.prepare('SELECT id FROM t').pluck().all());
for (let id = 1; id <= 10; id += 1) {
  if (have.has(id)) continue;
  if (bug === 'early') process.stdout.write(`${id}\n`);
  insert.run(id, `${id}`.repeat(500));
  if (bug !== 'early') process.stdout.write(`${id}\n`);
}
db.close();
