import { expect, test } from '@jest/globals';
import type { LiveBuffer, LiveEvent, LiveReader } from '@tb/live';
import type { TickBatch } from '@tb/schema';
import { type Random, random } from '@tb/testkit';
import fc from 'fast-check';
import { FakeRegistry, OPEN, stage } from './fixture.ts';

interface Feed {
  readonly source: string;
  /** What it sends: rising numbers, some left out. */
  readonly batches: readonly (readonly number[])[];
}

const feeds: fc.Arbitrary<Feed[]> = fc
  .array(
    fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 14,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) =>
    all.map((steps, feed) => {
      let number = 0;
      const next = (step: number): number => {
        number += step;
        return number;
      };
      return { source: `feed ${feed}`, batches: steps.map((batch) => batch.map(next)) };
    }),
  );

function rows({ source }: Feed, numbers: readonly number[], batch: number): TickBatch {
  return {
    symbol: `${source} ${batch % 5}`, // new symbols all the time, so that the registry is asked
    ts: BigInt64Array.from(numbers, (number) => OPEN + BigInt(number) * 1_000n),
    price: Float64Array.from(numbers),
    volume: new Float64Array(numbers.length),
    source,
    sourceSeq: BigInt64Array.from(numbers, BigInt),
  };
}

/** The numbers of a feed in the order in which they are stored. */
function storedBy(reader: LiveReader, { source }: Feed): number[] {
  const snapshot = reader.snapshot();
  return snapshot.tail.flatMap((chunk) =>
    [...chunk.price].filter((_, row) => snapshot.symbolOf(chunk.sid[row]!)?.startsWith(source)),
  );
}

/** Sends all batches at once, and each that is refused again, after a while of its own. Acks must be true when they come. */
async function deliver(
  buffer: LiveBuffer,
  reader: LiveReader,
  feed: Feed,
  rng: Random,
): Promise<void> {
  const sendUntilStored = async (numbers: readonly number[], batch: number): Promise<void> => {
    for (;;) {
      const ack = await buffer
        .append(rows(feed, numbers, batch), { backfill: rng.next() < 0.2 })
        .catch(() => undefined); // which error it was is the other test's: here all are answered alike
      if (ack !== undefined) {
        expect(ack.rows + ack.duplicates).toBe(numbers.length);
        const stored = new Set(storedBy(reader, feed));
        expect(numbers.filter((number) => !stored.has(number))).toEqual([]);
        return;
      }
      const turns = Math.floor(rng.next() * 6);
      for (let turn = 0; turn < turns; turn++)
        await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(feed.batches.map(sendUntilStored));
}

test('whatever fails: an ack means stored, and what is sent again until it is acknowledged is stored once, in order', async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(
      feeds,
      fc.string(),
      fc.constantFrom('refuse', 'block'),
      fc.integer({ min: 40, max: 400 }),
      async (sent, seed, policy, maxRows) => {
        const rng = random(`source order ${seed}`);
        const inner = new FakeRegistry();
        const fail = (share: number, error: Error): void => {
          if (rng.next() >= share) return;
          failures++;
          throw error;
        };
        const full = Object.assign(new Error('full'), { name: 'SqliteError', code: 'SQLITE_FULL' });
        await using at = stage('property');
        const buffer = await at.open({
          backpressure: { policy, maxRows },
          registry: {
            sidsOf: async (...all) => {
              await new Promise<void>((resolve) => setImmediate(resolve));
              fail(0.3, new Error('manifest is locked'));
              return inner.sidsOf(...all);
            },
          },
          onEvent: (event: LiveEvent) => {
            if (event.type === 'step' && event.step === 'flush.before_commit') fail(0.3, full);
          },
        });
        const reader = at.reader();
        await Promise.all(sent.map((feed) => deliver(buffer, reader, feed, rng)));
        for (const feed of sent) expect(storedBy(reader, feed)).toEqual(feed.batches.flat());
        expect(buffer.metrics()).toMatchObject({ queueRows: 0 });
      },
    ),
    { numRuns: 60 },
  );
  expect(failures).toBeGreaterThan(60);
}, 60_000);
