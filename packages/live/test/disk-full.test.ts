import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { isLiveError, LiveBuffer, type LiveEvent, LiveReader } from '@tb/live';
import { layoutOf, type TickBatch } from '@tb/schema';
import { limitsUnavailable, random, smallDisk } from '@tb/testkit';
import { FakeRegistry, OPEN, SECOND, ticks } from './fixture.ts';

const MB = 1024 * 1024;
const unavailable = limitsUnavailable();
const whenPossible = unavailable === undefined ? test : test.skip;

/** Fills the disk until so many bytes are left. */
function fill(disk: string, freeBytes: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
}

/** 1,000 ticks whose values do not compress. */
function noise(batch: number): TickBatch {
  const rng = random(`noise ${batch}`);
  const some = (): Float64Array => Float64Array.from({ length: 1_000 }, () => 1 + rng.next());
  const plain = ticks(1_000, OPEN + BigInt(batch) * SECOND);
  return { ...plain, price: some(), volume: some(), bid: some(), ask: some() };
}

whenPossible(
  `a full disk takes no acknowledged row, and the buffer goes on when there is space${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  async () => {
    using disk = smallDisk();
    const layout = layoutOf(disk.path);
    const events: LiveEvent[] = [];
    await using buffer = await LiveBuffer.open({
      layout,
      exchange: 'nse',
      calendar: calendarOf('nse'),
      registry: new FakeRegistry(),
      now: () => OPEN + SECOND,
      ballastBytes: 4 * MB,
      walBytes: MB,
      flushMs: 0,
      seal: { auto: false },
      onEvent: (event) => event.type !== 'step' && void events.push(event),
    });
    using reader = LiveReader.open({ layout, exchange: 'nse' });
    const ballast = join(layout.liveDir('nse'), 'ballast');
    expect(existsSync(ballast)).toBe(true);
    fill(disk.path, 2 * MB);
    let acked = 0;
    let refused = 0;
    // 2 MB and 4 MB of ballast take about 200 batches of noise, sealed or not: space runs out.
    for (let i = 0; i < 2_000 && refused < 3; i++) {
      try {
        acked += (await buffer.append(noise(i))).rows;
      } catch (error) {
        if (!isLiveError(error, 'DISK_FULL')) throw error;
        refused++;
      }
      expect(reader.snapshot().seq).toBe(BigInt(acked));
    }
    expect(refused).toBe(3);
    expect(existsSync(ballast)).toBe(false);
    expect(events.find(({ type }) => type === 'disk_full')).toMatchObject({
      ballastReleased: true,
    });
    rmSync(join(disk.path, 'filler'));
    expect((await buffer.append(ticks(1_000))).firstSeq).toBe(BigInt(acked + 1));
    await buffer.seal();
    expect(reader.snapshot().days).toMatchObject([{ rows: acked + 1_000 }]);
    expect(reader.snapshot().tail).toEqual([]);
  },
  60_000,
);
