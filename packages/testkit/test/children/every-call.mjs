// Reaches the disk in as many ways as Node has: sync, promises (thread pool), streams, a worker thread, a child process.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { copyFile, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

const dir = process.argv.at(-1);
const at = (name) => `${dir}/${name}`;
if (process.argv[2] === 'child') {
  fs.writeFileSync(at('by-child'), 'child');
} else {
  fs.writeFileSync(at('a'), 'text');
  fs.chmodSync(at('a'), 0o600);
  const fd = fs.openSync(at('a'), 'r+');
  fs.writeSync(fd, Buffer.from('x'), 0, 1, 2);
  fs.writevSync(fd, [Buffer.from('y'), Buffer.from('z')], 0);
  fs.fdatasyncSync(fd);
  fs.fsyncSync(fd);
  fs.fchmodSync(fd, 0o644);
  fs.ftruncateSync(fd, 2);
  fs.closeSync(fd);
  fs.renameSync(at('a'), at('b'));
  fs.linkSync(at('b'), at('c'));
  fs.symlinkSync('b', at('d'));
  fs.mkdirSync(at('sub'));
  fs.rmdirSync(at('sub'));
  fs.unlinkSync(at('c'));
  await Promise.all(Array.from({ length: 20 }, (_, i) => writeFile(at(`p${i}`), 'promise')));
  const handle = await open(at('handle'), 'w');
  await handle.write('handle');
  await handle.sync();
  await handle.close();
  await copyFile(at('b'), at('copy'));
  await rm(await mkdtemp(at('temp-')), { recursive: true });
  await new Promise((resolve) => fs.createWriteStream(at('stream')).end('stream', resolve));
  const script = `require('node:fs').writeFileSync(${JSON.stringify(at('by-worker'))}, 'worker')`;
  await new Promise((resolve) => new Worker(script, { eval: true }).on('exit', resolve));
  const { status } = spawnSync(process.execPath, [process.argv[1], 'child', dir]);
  if (status !== 0) throw new Error(`the child ended with ${status}`);
}
