// One run. argv: root, and the step at which to stop for ever, for a parent that kills this process there. Ends with the run
// id on stdout, or with the error on stderr and exit 75.
import { createRequire } from 'node:module';
import { kyselyRunIndex, movingAverageCross, runBacktest } from '@tb/backtest';
import { layoutOf } from '@tb/schema';
import { Kysely, SqliteDialect } from 'kysely';

const [root, step] = process.argv.slice(2);
const borrow = createRequire(new URL('../../../testkit/package.json', import.meta.url));
const Sqlite = borrow('better-sqlite3');
const layout = layoutOf(root);
const database = new Sqlite(layout.storeDb('index'));
database.defaultSafeIntegers();
const kysely = new Kysely({ dialect: new SqliteDialect({ database }) });
const access = {
  read: (body) => body(kysely),
  write: (body) => kysely.transaction().execute(body),
};

/** Tells the step and stops here for ever when it is the chosen one. */
async function reach(name) {
  if (name !== step) return;
  process.stdout.write(`${name}\n`);
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

const index = kyselyRunIndex(access);
const minute = 60_000_000_000n;
const history = {
  inputs: [],
  async *candles() {
    for (let at = 0; at < 5000; at += 1) {
      const close = 100 + Math.sin(at / 7) * 5;
      yield {
        symbol: 'A',
        ts: BigInt(at) * minute,
        open: close,
        high: 106,
        low: 94,
        close,
        volume: 1,
      };
      if (at === 3000) await reach('half-way');
    }
    await reach('all-candles');
  },
};
const run = runBacktest({
  layout,
  strategy: movingAverageCross,
  config: { exchange: 'nse', symbols: ['A'], timeframe: '1m', from: 0n, to: 10_000n * minute },
  history,
  index: {
    ...index,
    start: async (run) => {
      await index.start(run);
      await reach('started');
    },
    // Called once the file has its final name.
    finish: async (runId, outcome) => {
      await reach('linked');
      await index.finish(runId, outcome);
      await reach('done');
    },
  },
});
try {
  process.stdout.write(`${(await run).runId}\n`);
} catch (error) {
  process.stderr.write(`${error.name} ${error.code}: ${error.message}\n`);
  process.exitCode = 75;
}
await kysely.destroy();
