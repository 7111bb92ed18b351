// The trap: a second copy of SQLite in the holder's process is granted the lock, and its close frees it for all.

import { WriterLock } from '@tb/locks';
import Database from 'better-sqlite3';

const { dir, binary } = JSON.parse(process.argv[2]);
const lock = await WriterLock.acquire(dir, { purpose: 'holder' });
const copy = new Database(`${dir}/.writer.guard`, { timeout: 0, nativeBinding: binary });
let granted = true;
try {
  copy.exec('BEGIN IMMEDIATE; PRAGMA user_version = 1');
} catch {
  granted = false;
}
copy.close();
lock.assertHeld();
process.stdout.write(`{"event":"ready"}\n{"id":1,"value":${granted}}\n`);
process.stdin.resume();
