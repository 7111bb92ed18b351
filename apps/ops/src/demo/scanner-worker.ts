import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager } from '@tb/manager';
import { serveChild } from './child.ts';

export interface ScannerJob {
  readonly root: string;
  readonly exchange: string;
  readonly symbols: readonly string[];
}

export type ScannerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly signals: number };

const PAUSE_MS = 20;

/** Writes signals while everybody else reads and writes theirs. */
serveChild<ScannerJob, ScannerMessage>(async (job, say, stop) => {
  await using manager = await DatabaseManager.open({ root: job.root, role: 'scanner' });
  say({ type: 'ready' });
  let signals = 0;
  for (; !stop.aborted; signals += 1) {
    const now = BigInt(Date.now()) * 1_000_000n;
    const signal = {
      signal_id: `demo-${signals}`,
      strategy_id: 'demo',
      exchange: job.exchange,
      symbol: job.symbols[signals % job.symbols.length] ?? '',
      signal_type: 'entry',
      status: 'new',
      created_at: now,
      updated_at: now,
    };
    await manager.write('signals', (tx) => tx.insertInto('signals').values(signal).execute());
    await sleep(PAUSE_MS);
  }
  say({ type: 'done', signals });
});
