// Plain storage calls in a fixed order: open, write, write, fsync, truncate, mkdir, unlink. `collect`: print each error
// and go on; else the first error is thrown. Short writes are completed.
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

const dir = process.argv.at(-1);
const collect = process.argv[2] === 'collect';
const step = (name, action) => {
  try {
    action();
  } catch (error) {
    if (!collect) throw error;
    process.stdout.write(`${name}:${error.code}\n`);
  }
};
const fd = openSync(`${dir}/file`, 'w');
const writeAll = (text) => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
};
step('write', () => writeAll('a'.repeat(5000)));
step('write', () => writeAll('b'.repeat(5000)));
if (collect) {
  step('fsync', () => fsyncSync(fd));
  step('truncate', () => ftruncateSync(fd, 20_000));
  step('mkdir', () => mkdirSync(`${dir}/sub`));
  step('unlink', () => unlinkSync(`${dir}/file`));
}
closeSync(fd);
process.stdout.write('ok\n');
