import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LiveBuffer, LiveEvent } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { OPEN, SECOND, type Stage, stage, ticks } from './fixture.ts';

const segmentsOf = (at: Stage): string => at.layout.segmentsDir('nse');

/** Opens the buffer, and says what recovery did. */
async function recovered(at: Stage): Promise<{ buffer: LiveBuffer; events: LiveEvent[] }> {
  const events: LiveEvent[] = [];
  const buffer = await at.open({ onEvent: (event) => void events.push(event) });
  return { buffer, events };
}

const countsOf = (events: readonly LiveEvent[]): LiveEvent | undefined =>
  events.find(({ type }) => type === 'recovered');

/** A buffer with 10 sealed and 5 unsealed ticks, closed. */
async function prepared(at: Stage): Promise<void> {
  const buffer = await at.open();
  await buffer.append(ticks(10));
  await buffer.seal();
  await buffer.append(ticks(5, OPEN + SECOND));
  await buffer.close();
}

describe('the start of a writer', () => {
  test('removes what a child left under a temporary name', async () => {
    await using at = stage('tmp');
    await prepared(at);
    writeFileSync(join(segmentsOf(at), '.tmp-7.duckdb'), 'half');
    mkdirSync(join(segmentsOf(at), '.tmp-7.spill'));
    await recovered(at);
    expect(readdirSync(segmentsOf(at))).toEqual(['000001.duckdb']);
  });

  test('removes a segment that is not listed when live.db has its rows, and never gives its number again', async () => {
    await using at = stage('covered');
    await prepared(at);
    copyFileSync(join(segmentsOf(at), '000001.duckdb'), join(segmentsOf(at), '000041.duckdb'));
    const { buffer, events } = await recovered(at);
    expect(countsOf(events)).toMatchObject({ deleted: 1, quarantined: 0, nextSeq: 16n });
    const [sealed] = await buffer.seal();
    expect(sealed).toMatchObject({ segmentId: 42, rows: 5 });
    expect(at.reader().snapshot().days[0]!.rows).toBe(15);
  });

  test('removes an unlisted segment whose rows are in the tail, and seals them again', async () => {
    await using at = stage('tail');
    await prepared(at);
    // As if the seal had been cut off before its transaction: the file of another root has the same five rows.
    await using twin = stage('twin');
    const other = await twin.open();
    await other.append(ticks(10));
    await other.seal();
    await other.append(ticks(5, OPEN + SECOND));
    await other.seal();
    copyFileSync(join(segmentsOf(twin), '000002.duckdb'), join(segmentsOf(at), '000002.duckdb'));
    const { buffer, events } = await recovered(at);
    expect(countsOf(events)).toMatchObject({ deleted: 1, quarantined: 0 });
    expect(await buffer.seal()).toMatchObject([{ segmentId: 3, rows: 5 }]);
  });

  test('moves an unlisted segment with other rows to quarantine, with the reason', async () => {
    await using at = stage('foreign');
    await prepared(at);
    await using other = stage('other');
    const writer = await other.open();
    await writer.append(ticks(10, OPEN + 5n * SECOND));
    await writer.seal();
    copyFileSync(join(segmentsOf(other), '000001.duckdb'), join(segmentsOf(at), '000009.duckdb'));
    writeFileSync(join(segmentsOf(at), '000010.duckdb'), 'not a database');
    writeFileSync(join(segmentsOf(at), 'notes.txt'), 'somebody was here');
    const { events } = await recovered(at);
    expect(countsOf(events)).toMatchObject({ deleted: 0, quarantined: 3 });
    expect(readdirSync(segmentsOf(at))).toEqual(['000001.duckdb']);
    const kept = readdirSync(at.layout.quarantine).sort();
    expect(kept).toHaveLength(6);
    const reasons = kept
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(at.layout.quarantine, name), 'utf8')).reason);
    expect(reasons.sort()).toEqual([
      expect.stringMatching(/^it cannot be read: .*not a valid DuckDB database file/),
      'it has rows that live.db does not have',
      'its name is not that of a segment',
    ]);
    expect(at.reader().snapshot().seq).toBe(15n);
  });

  test('refuses a listed segment that is missing or cut, and writes nothing', async () => {
    await using at = stage('missing');
    await prepared(at);
    const path = join(segmentsOf(at), '000001.duckdb');
    const bytes = readFileSync(path);
    rmSync(path);
    await expect(at.open()).rejects.toMatchObject({ code: 'SEGMENT_MISSING' });
    writeFileSync(path, bytes.subarray(0, 4096));
    await expect(at.open()).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    writeFileSync(path, bytes);
    expect((await at.open()).days()).toMatchObject([{ rows: 15 }]);
  });

  test('refuses a damaged live.db', async () => {
    await using at = stage('corrupt');
    await prepared(at);
    const path = at.layout.liveDb('nse');
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096, 12_288);
    writeFileSync(path, bytes);
    await expect(at.open()).rejects.toMatchObject({
      code: expect.stringMatching(/^(LIVE_CORRUPT|SQLITE_UNREADABLE)$/),
    });
  });

  test('that fails gives the lock back', async () => {
    await using at = stage('lock');
    await prepared(at);
    const path = join(segmentsOf(at), '000001.duckdb');
    const bytes = readFileSync(path);
    rmSync(path);
    for (let i = 0; i < 3; i++)
      await expect(at.open()).rejects.toMatchObject({ code: 'SEGMENT_MISSING' });
    writeFileSync(path, bytes);
    await at.open();
  });

  test('goes on with counters, marks, candles and the newest ticks of before', async () => {
    await using at = stage('resume');
    const first = await at.open();
    const rows = {
      ...ticks(10),
      source: 'f',
      sourceSeq: BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i + 1)),
    };
    await first.append(rows);
    const before = at.reader().snapshot();
    await first.close();
    const second = await at.open();
    expect(await second.append(rows)).toMatchObject({ duplicates: 10 });
    expect((await second.append(ticks(1, OPEN + 30n * SECOND))).firstSeq).toBe(11n);
    const after = at.reader().snapshot();
    expect(after.forming).toHaveLength(1);
    expect(after.forming[0]!.volume).toBe(before.forming[0]!.volume + 0);
    expect(after.forming[0]!.close).toBe(1);
    expect(existsSync(at.layout.quarantine)).toBe(false);
  });
});

describe('one writer', () => {
  test('a second one is refused while the first lives, and readers are not', async () => {
    await using at = stage('second');
    const first = await at.open();
    await expect(at.open()).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await first.append(ticks(1));
    expect(at.reader().snapshot().seq).toBe(1n);
  });

  test('a deposed one cannot commit: every call gets the error, nothing is stored', async () => {
    await using at = stage('deposed');
    const buffer = await at.open();
    await buffer.append(ticks(3));
    const db = openSqlite(at.layout.liveDb('nse'));
    db.exec("UPDATE writer_fence SET epoch = epoch + 1, token = 'another'");
    await expect(buffer.append(ticks(3))).rejects.toMatchObject({ code: 'FENCED' });
    expect(buffer.signal.aborted).toBe(true);
    await expect(buffer.append(ticks(3))).rejects.toMatchObject({ code: 'FENCED' });
    await expect(buffer.seal()).rejects.toMatchObject({ code: 'FENCED' });
    expect(buffer.metrics().state).toBe('failed');
    expect(db.prepare('SELECT next_seq FROM counters').pluck().get()).toBe(4);
    db.close();
    await buffer.close();
  });

  test('a closed one is closed: twice is once, and calls are refused', async () => {
    await using at = stage('close');
    const buffer = await at.open();
    const last = buffer.append(ticks(3));
    await Promise.all([buffer.close(), buffer.close()]);
    expect((await last).rows).toBe(3);
    await expect(buffer.append(ticks(1))).rejects.toMatchObject({ code: 'LIVE_CLOSED' });
    expect(() => buffer.days()).toThrow(expect.objectContaining({ code: 'LIVE_CLOSED' }));
    await at.open();
  });

  test('several exchanges are several buffers', async () => {
    await using india = stage('several');
    const nse = await india.open();
    const mcx = await india.open({ exchange: 'mcx' });
    await Promise.all([nse.append(ticks(3)), mcx.append(ticks(4))]);
    expect([nse.metrics().seq, mcx.metrics().seq]).toEqual([3n, 4n]);
  });
});
