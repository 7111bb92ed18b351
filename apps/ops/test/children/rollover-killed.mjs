// Rolls the dates of nse over, or adds the rows that wait for it, and ends itself by SIGKILL at a named step.
import { DatabaseManager } from '@tb/manager';
import { layoutOf } from '@tb/schema';
import { rollover } from '../../dist/rollover/rollover.js';

const [root, step, why] = process.argv.slice(2);
const manager = await DatabaseManager.open({ root, role: 'ingestor', exchanges: ['nse'] });
await rollover(
  { correction: why === undefined ? undefined : { why } },
  {
    layout: layoutOf(root),
    live: manager.live('nse'),
    calendar: manager.calendarOf('nse'),
    waitMs: 10_000,
    onStep: (name) => name === step && process.kill(process.pid, 'SIGKILL'),
  },
);
await manager.close();
