import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Multiset } from '../multiset.ts';
import { type DuckOracle, duckOracle } from '../oracle/duck.ts';
import { type RootRows, rootRows, unlistedFiles } from '../oracle/root-rows.ts';
import { sha256 } from '../oracle/store-digest.ts';
import { writeCandles, writeTicks } from './feed.ts';
import { dataRoot } from './tb.ts';

/** One oracle process for all checks of a run; it ends with this process. */
let shared: DuckOracle | undefined;

function oracle(): DuckOracle {
  shared ??= duckOracle();
  return shared;
}

/** Rows of NSE in the data root of a scenario. */
export function nseRows(root: string): Promise<RootRows> {
  return rootRows(dataRoot(root), 'nse', oracle());
}

const withoutSeq = (tick: string): string => tick.slice(tick.indexOf('|') + 1);

const SENT = 'sent';

/** Keeps keys of rows in the folder of a scenario. */
export function keepKeys(root: string, keys: readonly string[], name: string = SENT): void {
  writeFileSync(join(root, name), keys.join('\n'));
}

/** Writes `feed.csv`, and keeps the keys of its ticks. */
export function feedTicks(root: string, rows: number, symbols: number): void {
  keepKeys(root, writeTicks(join(root, 'feed.csv'), { rows, symbols }));
}

/** Writes `day0.csv` and so on, candles of one trading date each, and keeps their keys. Returns the names. */
export function feedCandles(
  root: string,
  { days, symbols, seed }: { days: number; symbols: number; seed: string },
): string[] {
  const names = Array.from({ length: days }, (_, day) => `day${day}.csv`);
  const keys = names.flatMap((name, daysLater) =>
    writeCandles(join(root, name), { symbols, seed: `${seed} ${daysLater}`, daysLater }),
  );
  keepKeys(root, keys);
  return names;
}

/** Keys that a scenario kept in its folder when it prepared the feed. */
export function keptKeys(root: string, name: string = SENT): string[] {
  return readFileSync(join(root, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Each sequence number once; no row that was not sent; with `all`, every one that was. */
export function tickProblems(rows: RootRows, sent: readonly string[], all: boolean): string[] {
  const everything = [...rows.ticks, ...rows.late];
  const present = Multiset.of(everything.map(withoutSeq));
  const problems = comparison('tick', present, Multiset.of(sent), all);
  const seqs = new Set(everything.map((tick) => tick.slice(0, tick.indexOf('|'))));
  if (seqs.size !== everything.length)
    problems.push(`${everything.length - seqs.size} sequence numbers are there twice`);
  return problems;
}

/** The same for 1m candles. */
export function candleProblems(rows: RootRows, sent: readonly string[], all: boolean): string[] {
  const present = Multiset.of(rows.candles.filter((candle) => candle.startsWith('1m|')));
  return comparison('candle', present, Multiset.of(sent), all);
}

function comparison(what: string, present: Multiset, sent: Multiset, all: boolean): string[] {
  const problems: string[] = [];
  const surplus = present.minus(sent, 3);
  if (surplus.size > 0)
    problems.push(
      `a ${what} is there more often than it was sent: ${[...surplus.keys()].join('; ')}`,
    );
  if (!all) return problems;
  const missing = sent.minus(present);
  if (missing.size > 0)
    problems.push(
      `${missing.size} of ${sent.size} ${what}s are lost: ${[...missing.keys()].slice(0, 3).join('; ')}`,
    );
  return problems;
}

/** Identity of the market data of NSE: rows and published files, whatever their bytes. */
export async function marketDigest(root: string): Promise<string> {
  const { ticks, late, candles, published } = await nseRows(root);
  return sha256(
    [ticks.map(withoutSeq).sort(), late.map(withoutSeq).sort(), [...candles].sort(), published]
      .map((list) => list.join('\n'))
      .join('\n--\n'),
  );
}

/** Data files that nothing lists, in a completed root. */
export function litterProblems(root: string, completed: boolean): string[] {
  if (!completed) return [];
  const litter = unlistedFiles(dataRoot(root));
  return litter.length === 0 ? [] : [`files that nothing lists: ${litter.slice(0, 3).join(', ')}`];
}
