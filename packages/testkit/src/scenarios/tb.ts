import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storeContent } from '../oracle/store-digest.ts';
import { type Command, type Outcome, runCommand } from '../process-group.ts';

const main = fileURLToPath(new URL('../../../../apps/ops/dist/main.js', import.meta.url));

/** Where a scenario keeps its data root, below the folder that is watched and copied. */
export function dataRoot(root: string): string {
  return join(root, 'data');
}

/** `tb ARGS --root ROOT/data --json`, the built one. */
export function tb(root: string, ...args: readonly string[]): Command {
  if (!existsSync(main))
    throw new Error(`${main} does not exist: build first (npx tsc -b apps/ops)`);
  return { argv: [process.execPath, main, ...args, '--root', dataRoot(root), '--json'], cwd: root };
}

/** Runs `tb` undisturbed. @throws Error when it does not exit with 0. */
export async function mustRun(
  root: string,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const run: Outcome = await runCommand(tb(root, ...args));
  if (run.exitCode !== 0)
    throw new Error(
      `tb ${args.join(' ')}: exit ${run.exitCode ?? run.signal}: ${run.stdout}${run.stderr}`,
    );
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

/** How the CSV files of `feed.ts` are read, as arguments of `tb import` and `tb ingest`. */
export const CANDLE_INPUT: readonly string[] = [
  '--exchange',
  'nse',
  '--kind',
  'candles',
  '--ts-format',
  'ns',
];
export const TICK_INPUT: readonly string[] = [
  '--exchange',
  'nse',
  '--kind',
  'ticks',
  '--ts-format',
  'ns',
];

/** The SQLite databases of a data root that hold no market data. */
export const STORES: readonly string[] = [
  'trading/trading.db',
  'signals/signals.db',
  'config/config.db',
  'backtest/index.db',
];

/** Content of the four stores, see `storeContent`. */
export function storesContent(root: string): string {
  return STORES.map((store) => `${store}\n${storeContent(join(dataRoot(root), store))}`).join('\n');
}

/** `tb` prints its one JSON object when the work is done; an error has the status `error`. */
export function hasResult(acked: string): boolean {
  if (!acked.endsWith('}\n')) return false;
  return (JSON.parse(acked) as { status?: string }).status !== 'error';
}
