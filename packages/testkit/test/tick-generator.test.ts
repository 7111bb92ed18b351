import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { generateTicks, Ledger, Multiset, random, tempRoot, tickKeys } from '@tb/testkit';

const options = {
  seed: 7,
  symbols: 12,
  openNs: 1_769_000_000_000_000_000n,
  closeNs: 1_769_000_000_000_000_000n + 22_500n * 1_000_000_000n,
  rows: 20_000,
};

describe('generateTicks', () => {
  const batches = [...generateTicks(options)];
  const rows = batches.flatMap((batch) =>
    Array.from(batch.ts, (ts, i) => ({ ts, symbol: batch.symbol[i], price: batch.price[i]! })),
  );

  test('equal seeds give equal ticks, another seed gives others', () => {
    const keys = (seed: number): string[] =>
      [...generateTicks({ ...options, seed })].flatMap(tickKeys);
    expect(Multiset.of(keys(7)).digest()).toBe(Multiset.of(batches.flatMap(tickKeys)).digest());
    expect(Multiset.of(keys(8)).digest()).not.toBe(Multiset.of(keys(7)).digest());
  });

  test('gives the rows asked for, inside the session, with a rising source sequence', () => {
    expect(rows.length).toBe(options.rows);
    expect(rows.every(({ ts }) => ts >= options.openNs && ts < options.closeNs)).toBe(true);
    const seqs = batches.flatMap((batch) => [...batch.sourceSeq]);
    expect(seqs.every((seq, i) => seq === BigInt(i + 1))).toBe(true);
  });

  test('has equal timestamps, late arrivals and a symbol that goes quiet', () => {
    const pairs = new Set(rows.map(({ ts, symbol }) => `${symbol}|${ts}`));
    expect(1 - pairs.size / rows.length).toBeGreaterThan(0.3);
    const late = rows.filter(({ ts }, i) => i > 0 && ts < rows[i - 1]!.ts).length;
    expect(late).toBeGreaterThan(20);
    expect(late).toBeLessThan(600);
    const quiet = rows.filter(({ symbol }) => symbol === 'NSE_EQ|TEST0012');
    expect(quiet.length).toBeGreaterThan(0);
    const third = options.openNs + (options.closeNs - options.openNs) / 3n;
    expect(quiet.every(({ ts }) => ts < third)).toBe(true);
  });

  test('prices are the doubles that their decimal text gives', () => {
    expect(rows.every(({ price }) => Number(price.toFixed(2)) === price && price > 0)).toBe(true);
  });
});

describe('Ledger', () => {
  test('finds a lost, a doubled and a foreign row, and accepts an unacked row that is there', () => {
    const ledger = new Ledger();
    ledger.send(['a', 'b', 'b', 'c']);
    ledger.ack(['a', 'b', 'b']);
    expect(ledger.compare(['b', 'a', 'b', 'c']).ok).toBe(true);
    expect(ledger.compare(['b', 'a', 'b']).ok).toBe(true);
    expect(ledger.compare(['a', 'b']).lost).toEqual(['b']);
    expect(ledger.compare(['a', 'a', 'b', 'b']).doubled).toEqual(['a']);
    expect(ledger.compare(['a', 'b', 'b', 'x']).foreign).toEqual(['x']);
  });
});

describe('random', () => {
  test('a fork depends on seed and label, and leaves the parent where it was', () => {
    const [one, two] = [random(1), random(1)];
    const fork = one.fork('x');
    fork.next();
    expect(one.next()).toBe(two.next());
    expect(random(1).fork('x').next()).not.toBe(random(1).fork('y').next());
  });

  test('is uniform: each of 16 cells within 5 sigma over 160,000 draws', () => {
    const rng = random('uniform');
    const cells = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i += 1) cells[rng.below(16)]! += 1;
    const sigma = Math.sqrt(160_000 * (1 / 16) * (15 / 16));
    for (const cell of cells) expect(Math.abs(cell - 10_000)).toBeLessThan(5 * sigma);
  });
});

test('a temp root exists, is its own, and is gone afterwards', () => {
  let path = '';
  {
    using root = tempRoot('self');
    using other = tempRoot('self');
    expect(root.path).not.toBe(other.path);
    writeFileSync(root.at('file'), 'x', { mode: 0o444 });
    path = root.path;
  }
  expect(existsSync(path)).toBe(false);
});
