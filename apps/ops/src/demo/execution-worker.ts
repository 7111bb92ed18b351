import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager, recordFill, recordOrder } from '@tb/manager';
import { serveChild } from './child.ts';

export interface ExecutionJob {
  readonly root: string;
  readonly exchange: string;
  readonly symbols: readonly string[];
}

export type ExecutionMessage =
  | { readonly type: 'ready' }
  /** Order and fill are committed. */
  | { readonly type: 'ack'; readonly orders: number }
  | { readonly type: 'done' };

const PAUSE_MS = 5;

/** Writes an order and its fill, one transaction each, as an execution engine does; tells the fill twice now and then. */
serveChild<ExecutionJob, ExecutionMessage>(async (job, say, stop) => {
  await using manager = await DatabaseManager.open({ root: job.root, role: 'execution' });
  say({ type: 'ready' });
  for (let count = 1; !stop.aborted; count += 1) {
    const symbol = job.symbols[count % job.symbols.length] ?? '';
    const order = {
      clientOrderId: `demo-${count}`,
      exchange: job.exchange,
      symbol,
      side: count % 2 === 0 ? 'buy' : 'sell',
      type: 'market',
      quantity: '10',
    } as const;
    await manager.write('trading', (tx) => recordOrder(tx, order));
    const fill = {
      exchange: job.exchange,
      tradeId: `t-${count}`,
      clientOrderId: order.clientOrderId,
      symbol,
      side: order.side,
      quantity: '10',
      price: `${100 + (count % 50)}.05`,
      fee: '0.5',
      ts: BigInt(Date.now()) * 1_000_000n,
    } as const;
    await manager.write('trading', (tx) => recordFill(tx, fill));
    if (count % 10 === 0) await manager.write('trading', (tx) => recordFill(tx, fill));
    say({ type: 'ack', orders: count });
    await sleep(PAUSE_MS);
  }
  say({ type: 'done' });
});
