import { expect, test } from '@jest/globals';
import type { LiveEvent } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { OPEN, SECOND, stage, ticks } from './fixture.ts';

const MB = 1024 * 1024;

test('the WAL stays bounded while a reader polls', async () => {
  await using at = stage('wal');
  const buffer = await at.open({ walBytes: MB, synchronous: 'normal' });
  const reader = at.reader();
  let largest = 0;
  for (let i = 0; i < 120; i++) {
    await buffer.append(ticks(1_000, OPEN + BigInt(i) * SECOND));
    expect(reader.snapshot().seq).toBe(BigInt((i + 1) * 1_000));
    largest = Math.max(largest, buffer.metrics().walBytes);
  }
  // 120 x 44 kB went through it.
  expect(largest).toBeLessThan(4 * MB);
});

test('a reader that holds an old transaction makes it grow with an alarm, and never stops the writer', async () => {
  await using at = stage('held');
  const events: LiveEvent[] = [];
  const buffer = await at.open({
    walBytes: MB / 4,
    walAlarmBytes: MB,
    synchronous: 'normal',
    onEvent: (event) => void events.push(event),
  });
  await buffer.append(ticks(10));
  const holder = openSqlite(at.layout.liveDb('nse'), { readonly: true });
  holder.exec('BEGIN');
  const before = holder.prepare('SELECT next_seq FROM counters').pluck().get();
  let alarms = 0;
  for (let i = 0; alarms === 0 && i < 500; i++) {
    await buffer.append(ticks(1_000, OPEN + BigInt(i) * SECOND));
    alarms = events.filter(({ type }) => type === 'wal_large').length;
  }
  expect(alarms).toBe(1);
  expect(holder.prepare('SELECT next_seq FROM counters').pluck().get()).toBe(before);
  holder.exec('COMMIT');
  holder.close();
  for (let i = 0; buffer.metrics().walBytes > MB && i < 500; i++) {
    await buffer.append(ticks(10));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(buffer.metrics().walBytes).toBeLessThanOrEqual(MB);
});
