// Free bytes of the folder given, and of the one above it.
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const freeBytes = (path) => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};
const dir = process.argv.at(-1);
process.stdout.write(JSON.stringify([freeBytes(dir), freeBytes(dirname(dir))]));
