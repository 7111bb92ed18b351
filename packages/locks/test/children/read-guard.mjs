// The other way into the same trap: node:fs opens and closes the guard in the holder's process.
import { readFileSync } from 'node:fs';
import { WriterLock } from '@tb/locks';

const { dir } = JSON.parse(process.argv[2]);
globalThis.lock = await WriterLock.acquire(dir, { purpose: 'holder' });
readFileSync(`${dir}/.writer.guard`);
process.stdout.write('{"event":"ready"}\n');
process.stdin.resume();
