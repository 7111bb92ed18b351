// Takes or restores a backup of trading, restores one of market-data, or imports candles, and ends itself by SIGKILL at a named step.
import { layoutOf } from '@tb/schema';
import { restore } from '../../dist/backup/restore.js';
import { takeBackups } from '../../dist/backup/take-backup.js';
import { importFiles } from '../../dist/import/import-files.js';

const [what, root, step, file] = process.argv.slice(2);
const tools = {
  layout: layoutOf(root),
  signal: new AbortController().signal,
  onStep: (name) => name === step && process.kill(process.pid, 'SIGKILL'),
};
const names = ['symbol', 'ts', 'open', 'high', 'low', 'close', 'volume'];
const columns = new Map(names.map((name) => [name, name]));
const input = { kind: 'candles', timeframe: '1m', columns, timeFormat: 'iso' };
const silent = { update() {}, end() {} };
if (what === 'import')
  await importFiles(
    { exchange: 'nse', files: [file], input },
    { ...tools, startedAt: new Date(), progress: silent },
  );
else if (what === 'backup') await takeBackups(['trading'], tools);
else
  await restore(
    { database: what === 'restore-market-data' ? 'market-data' : 'trading', at: new Date() },
    tools,
  );
