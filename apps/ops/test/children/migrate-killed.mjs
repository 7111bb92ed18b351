// Migrates FROM into ROOT and kills itself with SIGKILL at the step that the third argument names.
import { layoutOf } from '@tb/schema';
import { migrate } from '../../dist/migrate/migrate.js';

const [from, root, killAt] = process.argv.slice(2);
await migrate(
  { from },
  {
    layout: layoutOf(root),
    onStep: (step) => {
      process.stdout.write(`${step}\n`);
      if (step === killAt) process.kill(process.pid, 'SIGKILL');
    },
  },
);
