// Checked by the compiler, never run: what each role may write, and what it cannot even name.
import type { DatabaseManager, Role, WritableStore } from '@tb/manager';

declare const ingestor: DatabaseManager<'ingestor'>;
declare const execution: DatabaseManager<'execution'>;
declare const scanner: DatabaseManager<'scanner'>;
declare const api: DatabaseManager<'api'>;
declare const backtest: DatabaseManager<'backtest'>;
declare const ops: DatabaseManager<'ops'>;
declare const reader: DatabaseManager<'reader'>;
declare const anyRole: DatabaseManager<Role>;

const nothing = async (): Promise<void> => {};

export function allowed(): unknown[] {
  return [
    execution.write('trading', (tx) => tx.selectFrom('orders').select('client_order_id').execute()),
    scanner.write('signals', nothing),
    api.write('config', nothing),
    backtest.write('index', nothing),
    ops.write('trading', nothing),
    ops.write('index', nothing),
    ops.marketDataWriter(),
    ingestor.live('nse'),
    ingestor.marketDataWriter(),
    reader.read('trading', (db) => db.selectFrom('positions').selectAll().execute()),
    anyRole.read('config', nothing),
  ];
}

export function refused(): unknown[] {
  return [
    // @ts-expect-error the scanner does not own trading
    scanner.write('trading', nothing),
    // @ts-expect-error the execution engine does not own signals
    execution.write('signals', nothing),
    // @ts-expect-error the API does not own the index of runs
    api.write('index', nothing),
    // @ts-expect-error a reader writes nothing
    reader.write('config', nothing),
    // @ts-expect-error an ingestor writes no store
    ingestor.write('trading', nothing),
    // @ts-expect-error a backtest writes its row in the index, not trading
    backtest.write('trading', nothing),
    // @ts-expect-error nor signals
    backtest.write('signals', nothing),
    // @ts-expect-error nor can it name a live buffer
    backtest.live('nse'),
    // @ts-expect-error nor the writer of market data
    backtest.marketDataWriter(),
    // @ts-expect-error ops has no live buffer
    ops.live('nse'),
    // @ts-expect-error the execution engine has no live buffer
    execution.live('nse'),
    // @ts-expect-error a manager of unknown role writes nothing
    anyRole.write('config', nothing),
    // @ts-expect-error trading has no table of signals
    execution.write('trading', (tx) => tx.selectFrom('signals').selectAll().execute()),
    // @ts-expect-error there is no such store
    ops.write('live_buffer', nothing),
    // @ts-expect-error a manager of one role is none of another
    ((manager: DatabaseManager<'execution'>) => manager)(scanner),
  ];
}

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export const writable: [
  Equal<WritableStore<'execution'>, 'trading'>,
  Equal<WritableStore<'ops'>, 'trading' | 'signals' | 'config' | 'index'>,
  Equal<WritableStore<'reader'>, never>,
  Equal<WritableStore<'execution' | 'scanner'>, never>,
] = [true, true, true, true];
