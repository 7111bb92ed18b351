// The control: raw proper-lockfile in the same harness, which must see it fail. See docs/locks.md, 1.
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { configOf, contend } from '../../../testkit/src/race/contender.mjs';

configOf();
let holds = 0;

await contend({
  async grab(dir, waitMs) {
    let compromised;
    try {
      const release = await lockfile.lock(join(dir, '.writer.lock'), {
        realpath: false,
        stale: 2_000,
        retries: waitMs > 0 ? { retries: 5, minTimeout: 5, maxTimeout: 10 } : 0,
        onCompromised: (error) => {
          compromised = error;
        },
      });
      holds += 1;
      return {
        epoch: holds,
        write: () => {
          if (compromised !== undefined) throw compromised;
        },
        release: () => release().catch(() => {}), // ERELEASED after it was compromised
      };
    } catch (error) {
      if (error.code === 'ELOCKED') return undefined;
      throw error;
    }
  },
});
