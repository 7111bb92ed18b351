import { random, tempRoot } from '@tb/testkit';
import { BATCH, OPEN, openBuffer } from './market.ts';
import { quantile, tickBatch } from './workload.ts';

/** How long the event loop is blocked while 100,000 ticks are sealed, and the seal itself. */
export async function sealing(): Promise<{ sealMs: number; stallMs: number }> {
  using root = tempRoot('bench-seal');
  const buffer = await openBuffer(root.path, { synchronous: 'normal', seal: { auto: false } });
  const rng = random('seal');
  const seals: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 100; i++) await buffer.append(tickBatch(rng, BATCH, OPEN, 1_000n));
    buffer.metrics();
    const startMs = performance.now();
    await buffer.seal();
    seals.push(performance.now() - startMs);
    stalls.push(buffer.metrics().loopStallMaxMs);
  }
  await buffer.close();
  return { sealMs: quantile(seals, 0.5), stallMs: quantile(stalls, 0.5) };
}
