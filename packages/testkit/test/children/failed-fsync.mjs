// Writes and syncs `one`, writes `two` over it, and shows what a failed fsync leaves.
import { fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

const path = `${process.argv.at(-1)}/file`;
const fd = openSync(path, 'w'); // 1: cuts `before`
writeSync(fd, 'one'); // 2
fsyncSync(fd); // 3
process.stdout.write(`synced ${readFileSync(path, 'latin1')}\n`);
writeSync(fd, 'two, longer', 0); // 4
try {
  fsyncSync(fd); // 5: the one to disturb
} catch (error) {
  process.stdout.write(`${error.code}\n`);
}
fsyncSync(fd);
process.stdout.write(`second fsync: yes\n${readFileSync(path, 'latin1')}\n`);
