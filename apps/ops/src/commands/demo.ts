import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertExchange, assertTradingDate } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { runDemo } from '../demo/demo.ts';
import { demoFeed } from '../demo/demo-feed.ts';
import type { Execute } from '../execute.ts';
import { EXIT } from '../exit-codes.ts';
import { addInputOptions } from '../input/input-flags.ts';
import { type InputFlags, parseInputOptions } from '../input/input-options.ts';
import type { CommandResult } from '../output.ts';

interface DemoFlags extends InputFlags {
  readonly data?: string;
  readonly exchange: string;
  readonly date: string;
  readonly rows: number;
  readonly symbols: number;
  readonly seed: number;
  readonly readers: number;
  readonly rate: number;
}

/** `tb demo`: a trading day in a temporary folder, and the six acceptance tests of the specification. */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('demo')
    .description(
      'a trading day end to end in a temporary folder, with the acceptance tests measured live',
    )
    .option('--data <path>', 'real tick files (a folder or a file) in place of the generator')
    .option('--exchange <exchange>', 'exchange of the day', 'nse')
    .option('--date <date>', 'trading date of the day', '2026-02-02')
    .option('--rows <count>', 'ticks to generate', Number, 200_000)
    .option('--symbols <count>', 'symbols to generate', Number, 40)
    .option('--seed <seed>', 'seed of the generator', Number, 42)
    .option('--readers <count>', 'reader processes', Number, 4)
    .option('--rate <rows>', 'ticks a second', Number, 40_000);
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb demo --data trades.csv.gz --exchange xnas --date 2013-10-07 --map ts=ts_utc,volume=size --tz UTC',
    )
    .action((flags: DemoFlags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: DemoFlags): Promise<CommandResult> {
  assertExchange(flags.exchange);
  assertTradingDate(flags.date);
  const say = (line: string): void =>
    void (context.json ? context.log(line) : process.stdout.write(`${line}\n`));
  const feed = await demoFeed(flags, parseInputOptions('ticks', '', flags), context.log);
  const folder = await mkdtemp(join(tmpdir(), 'tb-demo-'));
  await chmod(folder, 0o755); // another user tries to change a published file in it
  const report = await runDemo({
    folder,
    feed,
    say,
    exchange: flags.exchange,
    tradingDate: flags.date,
    rowsPerSecond: flags.rate,
    readers: flags.readers,
  });
  const isPassed = report.acceptance.every((each) => each.isPassed);
  return {
    status: isPassed ? 'passed' : 'failed',
    fields: { ...report },
    lines: [
      '',
      ...report.acceptance.map(
        ({ name, isPassed: ok, figure }) => `${ok ? 'PASS' : 'FAIL'}  ${name}: ${figure}`,
      ),
      '',
      `Files are kept in ${folder}. Look around: npx -y pnpm@12 tb health --root ${report.root}`,
    ],
    exit: isPassed ? EXIT.done : EXIT.integrity,
  };
}
