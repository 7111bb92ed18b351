// Publishes DIR/old.txt's replacement DIR/new.txt: temp name, fsync, rename, fsync of the folder, then the old file goes.
// The second argument names a planted bug; `none` is the right order. Acknowledges with one line on stdout.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const [dir, bug = 'none'] = process.argv.slice(2);
const [temp, final, old] = [join(dir, '.tmp-new'), join(dir, 'new.txt'), join(dir, 'old.txt')];
const content = Buffer.alloc(20_000, 'published ');

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
function sync(fd) {
  try {
    fsyncSync(fd);
  } catch (error) {
    if (bug !== 'retry-fsync') throw error;
    fsyncSync(fd); // The planted bug: the second one says yes, the bytes are gone.
  }
}
function syncFolder() {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

if (!existsSync(final)) {
  if (bug === 'delete-first' && existsSync(old)) unlinkSync(old);
  const fd = openSync(bug === 'rename-early' ? final : temp, 'w');
  if (bug === 'rename-early') writeAll(fd, content.subarray(0, 10_000));
  else writeAll(fd, content);
  if (bug === 'ack-early') process.stdout.write('published\n');
  if (bug !== 'no-file-fsync') sync(fd);
  if (bug === 'rename-early') writeAll(fd, content.subarray(10_000));
  closeSync(fd);
  if (bug !== 'rename-early') renameSync(temp, final);
}
if (bug !== 'no-folder-fsync') syncFolder();
if (existsSync(old)) unlinkSync(old);
if (bug !== 'ack-early') process.stdout.write('published\n');
