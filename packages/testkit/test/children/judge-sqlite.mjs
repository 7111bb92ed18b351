// Answers {path, expect?}: the rows of a SQLite database as text, or a code. `crash`, `hang`, `lie` are for the tests of
// the judge itself.
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';

for await (const line of createInterface({ input: process.stdin })) {
  const { path, behave } = JSON.parse(line);
  if (behave === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (behave === 'hang') for (;;);
  let answer;
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true });
    const health = db.pragma('integrity_check', { simple: true });
    if (health !== 'ok') throw Object.assign(new Error(health), { code: 'DAMAGED' });
    answer = { value: db.prepare('SELECT id, v FROM t ORDER BY id').raw().all() };
    db.close();
  } catch (error) {
    answer = { code: error.code, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
