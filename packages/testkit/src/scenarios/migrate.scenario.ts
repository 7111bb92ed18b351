import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IDLE_LITTER } from '../litter.ts';
import { sha256 } from '../oracle/store-digest.ts';
import { runCommand } from '../process-group.ts';
import type { Scenario } from '../scenario.ts';
import { litterProblems, marketDigest, nseRows } from './market.ts';
import { hasResult, mustRun, storesContent, tb } from './tb.ts';

const maker = fileURLToPath(new URL('./children/make-legacy.mjs', import.meta.url));
const FILE = 'trading_bot.duckdb';
const CANDLES = 750;
const TICKS = 400;

const sourceHash = (root: string): string => sha256(readFileSync(join(root, FILE)));

/** `tb migrate`: the source stays as it is, and every row arrives once, also when it was interrupted. */
export const scenario: Scenario = {
  name: 'migrate',
  commands: ['migrate'],
  prepare: async (root) => {
    const made = await runCommand({ argv: [process.execPath, maker, join(root, FILE)] });
    if (made.exitCode !== 0) throw new Error(`make-legacy: ${made.stderr}`);
    writeFileSync(join(root, 'sha256'), sourceHash(root));
    await mustRun(root, 'init');
  },
  command: (root) =>
    tb(root, 'migrate', '--from', FILE, '--clock', 'candles=utc', '--clock', 'live_ticks=utc'),
  promises: hasResult,
  litter: IDLE_LITTER,
  check: async (root, { completed, promised }) => {
    const rows = await nseRows(root);
    const candles = rows.candles.filter((candle) => candle.startsWith('1m|'));
    const ticks = [...rows.ticks, ...rows.late];
    return [
      ...(sourceHash(root) === readFileSync(join(root, 'sha256'), 'utf8')
        ? []
        : ['the source was changed']),
      ...(new Set(candles).size === candles.length ? [] : ['a candle is there twice']),
      ...(ticks.length <= TICKS ? [] : [`${ticks.length} ticks of ${TICKS}`]),
      ...(promised && candles.length !== CANDLES
        ? [`${candles.length} of ${CANDLES} candles`]
        : []),
      ...(promised && ticks.length !== TICKS ? [`${ticks.length} of ${TICKS} ticks`] : []),
      ...litterProblems(root, completed),
    ];
  },
  digest: async (root) => sha256(`${await marketDigest(root)} ${storesContent(root)}`),
};
