// Two storage calls; how far the wall clock and the monotonic clock went over them.
import { writeFileSync } from 'node:fs';

const path = `${process.argv.at(-1)}/file`;
const [wall, monotonic] = [Date.now(), performance.now()];
writeFileSync(path, 'two calls');
process.stdout.write(
  JSON.stringify({ wallMs: Date.now() - wall, monotonicMs: performance.now() - monotonic }),
);
