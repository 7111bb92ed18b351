import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calendarOf, type Session } from '@tb/calendar';
import { type FileEntry, Manifest } from '@tb/history';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { generateTicks } from '@tb/simulator';
import { type TempRoot, tempRoot } from '@tb/testkit';
import { backtestIsolation } from '../src/demo/acceptance/backtest-isolation.ts';
import { concurrentReadsWork, type ReadFigures } from '../src/demo/acceptance/concurrent-reads.ts';
import { healthCheckPasses } from '../src/demo/acceptance/health-check-passes.ts';
import { historicalDataImmutable } from '../src/demo/acceptance/historical-data-immutable.ts';
import { rolloverAtomic } from '../src/demo/acceptance/rollover-atomic.ts';
import {
  judgeSingleWriter,
  singleWriterEnforced,
} from '../src/demo/acceptance/single-writer-enforced.ts';
import { rollover } from '../src/rollover/rollover.ts';

const DATE = '2026-02-02';
let root: TempRoot;
let layout: Layout;
let session: Session;
let file: FileEntry;

beforeAll(async () => {
  root = tempRoot('acceptance');
  chmodSync(root.path, 0o755); // another user tries to write a file in it
  layout = layoutOf(root.at('data'));
  session = calendarOf('nse').sessionOf(DATE)!;
  await initialiseRoot(layout);
  await using manager = await DatabaseManager.open({
    root: layout.root,
    role: 'ingestor',
    exchanges: ['nse'],
  });
  const live = manager.live('nse');
  for (const batch of generateTicks({
    seed: 5,
    symbols: 3,
    rows: 3000,
    openNs: session.open,
    closeNs: session.close,
  }))
    await live.append(batch);
  await rollover({ tradingDate: DATE }, { layout, live, calendar: manager.calendarOf('nse') });
  using manifest = Manifest.openReader(layout);
  file = manifest.snapshot().revisionsOf('nse', DATE)[0]!;
}, 60_000);

afterAll(() => root.remove());

const READS: ReadFigures = {
  reads: 500,
  errors: 0,
  stepsBack: 0,
  duplicates: 0,
  rows: 1,
  readsAfterRollover: 20,
  readers: 4,
  freshnessP50Ms: 1,
  freshnessP99Ms: 2,
};

describe('each acceptance test passes, and can fail', () => {
  test('historical data immutable: fails when somebody else may write the file', async () => {
    expect(await historicalDataImmutable(layout, file)).toMatchObject({ isPassed: true });
    chmodSync(layout.absolute(file.path), 0o666);
    const broken = await historicalDataImmutable(layout, file);
    chmodSync(layout.absolute(file.path), 0o444);
    expect(broken).toMatchObject({ isPassed: false });
  });

  test('backtest isolation: fails when another database changes during the run', async () => {
    const symbols = ['NSE_EQ|TEST0001', 'NSE_EQ|TEST0002'];
    expect(await backtestIsolation(layout, 'nse', session, symbols)).toMatchObject({
      isPassed: true,
    });
    const run = backtestIsolation(layout, 'nse', session, symbols);
    let isDone = false;
    const finished = run.finally(() => {
      isDone = true;
    });
    await using api = await DatabaseManager.open({ root: layout.root, role: 'api' });
    for (let at = 0; !isDone; at += 1) {
      const setting = { key: `k${at}`, value: '1', updated_at: BigInt(at) };
      await api.write('config', (tx) => tx.insertInto('settings').values(setting).execute());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await finished).toMatchObject({
      isPassed: false,
      figure: expect.stringContaining('config'),
    });
  });

  test('single writer enforced: fails for two winners, and for a row of a deposed writer', async () => {
    expect(await singleWriterEnforced(root.at('race'))).toMatchObject({ isPassed: true });
    expect(judgeSingleWriter({ winners: 2, held: 6 }, { code: 'FENCED', rows: 0 })).toMatchObject({
      isPassed: false,
    });
    expect(
      judgeSingleWriter({ winners: 1, held: 7 }, { code: 'no refusal', rows: 1 }),
    ).toMatchObject({ isPassed: false });
  });

  test.each(['errors', 'stepsBack', 'duplicates'] as const)(
    'concurrent reads work: fails for one of %s',
    (name) => {
      expect(concurrentReadsWork(READS)).toMatchObject({ isPassed: true });
      expect(concurrentReadsWork({ ...READS, [name]: 1 })).toMatchObject({ isPassed: false });
      expect(concurrentReadsWork({ ...READS, readsAfterRollover: 0 })).toMatchObject({
        isPassed: false,
      });
    },
  );

  test('rollover atomic: passes when killed at every step, fails when the rows are not those of the ledger', async () => {
    using scratch = tempRoot('atomic');
    mkdirSync(scratch.at('a'));
    expect(await rolloverAtomic(scratch.at('a'), 'nse', DATE, undefined, 10)).toMatchObject({
      isPassed: true,
    });
    using other = tempRoot('atomic');
    mkdirSync(other.at('a'));
    const ledger = { type: 'generator', seed: 8, symbols: 5, rows: 2000 } as const;
    expect(await rolloverAtomic(other.at('a'), 'nse', DATE, ledger, 2)).toMatchObject({
      isPassed: false,
    });
  }, 240_000);

  test('health check passes: fails on a root that is damaged already', async () => {
    expect(await healthCheckPasses(layout, file)).toMatchObject({ isPassed: true });
    const other = layout.storeDb('signals');
    renameSync(other, `${other}.gone`);
    const broken = await healthCheckPasses(layout, file);
    renameSync(`${other}.gone`, other);
    expect(broken).toMatchObject({ isPassed: false });
  });
});
