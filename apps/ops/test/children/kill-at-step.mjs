// Takes or restores a backup of trading and ends itself by SIGKILL at a named step.
import { layoutOf } from '@tb/schema';
import { restore } from '../../dist/backup/restore.js';
import { takeBackups } from '../../dist/backup/take-backup.js';

const [what, root, step] = process.argv.slice(2);
const tools = {
  layout: layoutOf(root),
  signal: new AbortController().signal,
  onStep: (name) => name === step && process.kill(process.pid, 'SIGKILL'),
};
if (what === 'backup') await takeBackups(['trading'], tools);
else await restore({ database: 'trading', at: new Date() }, tools);
