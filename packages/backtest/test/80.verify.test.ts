import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { getRun, type RunInput, staleDays, verifyRun } from '@tb/backtest';
import { historyOf, walk } from './support/candles.ts';
import { openRunRoot, type RunRoot } from './support/run-root.ts';
import { splitmixRandom } from './support/splitmix.ts';

const day = (date: number, revision = 1, sha = `${date}-${revision}`): RunInput => ({
  path: `market_data/nse/candles/1m/2026-02-0${date}${revision === 1 ? '' : `.r${revision}`}.duckdb`,
  sha256: createHash('sha256').update(sha).digest('hex'),
  tradingDate: `2026-02-0${date}`,
  revision,
});

/** A run over three day files that exist, each holding the text its sha256 is of. */
async function runOverFiles(root: RunRoot): Promise<string> {
  const inputs = [day(3), day(2), day(4)];
  for (const input of inputs) {
    const path = root.layout.absolute(input.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${Number(input.tradingDate.slice(-2))}-1`);
  }
  const history = historyOf(walk(['A', 'B'], 20, splitmixRandom(1)), inputs);
  return (await root.run({ history })).runId;
}

describe('verify', () => {
  test('is ok while every file is as it was read', async () => {
    await using root = openRunRoot();
    const run = await getRun(root.index, await runOverFiles(root));
    const found = await verifyRun(root.layout, root.index, run);
    expect(found).toMatchObject({ isOk: true, runFile: 'ok' });
    expect(found.inputs.map((check) => [check.input.tradingDate, check.verdict])).toEqual([
      ['2026-02-02', 'ok'],
      ['2026-02-03', 'ok'],
      ['2026-02-04', 'ok'],
    ]);
  });

  test('names the day that changed and the day that is gone', async () => {
    await using root = openRunRoot();
    const run = await getRun(root.index, await runOverFiles(root));
    writeFileSync(root.layout.absolute(day(3).path), 'other bytes');
    rmSync(root.layout.absolute(day(4).path));
    const found = await verifyRun(root.layout, root.index, run);
    expect(found.isOk).toBe(false);
    expect(found.inputs.map((check) => check.verdict)).toEqual(['ok', 'changed', 'missing']);
    expect(found.inputs[1]!.sha256).toBe(createHash('sha256').update('other bytes').digest('hex'));
  });

  test('checks the run file too, and takes a hash function', async () => {
    await using root = openRunRoot();
    const run = await getRun(root.index, await runOverFiles(root));
    chmodSync(root.layout.absolute(run.path), 0o644);
    writeFileSync(root.layout.absolute(run.path), 'x');
    expect(await verifyRun(root.layout, root.index, run)).toMatchObject({
      isOk: false,
      runFile: 'changed',
    });
    const refusing = (code: string) => (): Promise<string> =>
      Promise.reject(Object.assign(new Error(code), { code }));
    expect(await verifyRun(root.layout, root.index, run, refusing('EIO'))).toMatchObject({
      isOk: false,
      runFile: 'unreadable',
      inputs: expect.arrayContaining([expect.objectContaining({ errno: 'EIO' })]),
    });
    await expect(verifyRun(root.layout, root.index, run, refusing('NO_MEMORY'))).rejects.toThrow(
      'NO_MEMORY',
    );
  });
});

describe('stale', () => {
  const read = [day(2), day(3), day(5)];

  test('nothing when the same days are published', () => {
    expect(staleDays(read, [day(5), day(2), day(3)])).toEqual([]);
  });

  test('a correction, a changed file, a removed day and an added one, each with its day', () => {
    const published = [day(2), day(2, 2), day(4), day(5, 1, 'other')];
    expect(
      staleDays(read, published).map(({ tradingDate, reason }) => [tradingDate, reason]),
    ).toEqual([
      ['2026-02-02', 'corrected'],
      ['2026-02-03', 'removed'],
      ['2026-02-04', 'added'],
      ['2026-02-05', 'changed'],
    ]);
    expect(staleDays(read, published)[0]).toMatchObject({ read: day(2), current: day(2, 2) });
  });

  test('a run that read the correction is not stale by the first revision', () => {
    expect(staleDays([day(2, 2)], [day(2, 2), day(2)])).toEqual([]);
  });

  test('a correction that changed nothing makes nothing stale', () => {
    expect(staleDays([day(2)], [day(2), { ...day(2, 2), sha256: day(2).sha256 }])).toEqual([]);
  });

  test('days outside what the run read do not matter', () => {
    expect(staleDays(read, [day(1), ...read, day(6)])).toEqual([]);
    expect(staleDays([], [day(1)])).toEqual([]);
  });
});
