import { DatabaseManager } from '@tb/manager';
import type { Adjust, TickResult, TickRow } from '@tb/queries';
import { assertExchange } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { timeText } from '../format/time-text.ts';
import type { CommandResult } from '../output.ts';
import { marketDataQuery } from '../read/market-data.ts';
import { factsOf, outputFormat, printRows, tellGaps } from '../read/print-rows.ts';
import { addRangeOptions, type RangeFlags, rangeOf, scopeOf } from '../read/range-flags.ts';

const HEADER: readonly string[] = ['symbol', 'ts', 'price', 'volume', 'bid', 'ask', 'seq'];

/** `tb ticks`: history and live as one, in order (ts, symbol, seq). */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('ticks')
    .description('ticks of symbols, history and live as one, in order (ts, symbol, seq)')
    .argument('[symbols...]', 'symbols; none means every symbol of the exchange')
    .requiredOption('--exchange <exchange>', 'e.g. xnas');
  addRangeOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb ticks SPY --exchange xnas --from 2013-10-07 --to 2013-10-08 --format csv',
    )
    .action((symbols: string[], flags: RangeFlags, self: Command) =>
      execute(self, (context) => run(context, symbols, flags)),
    );
}

async function run(
  context: Context,
  symbols: readonly string[],
  flags: RangeFlags,
): Promise<CommandResult> {
  assertExchange(flags.exchange);
  outputFormat(flags);
  await using manager = await DatabaseManager.open({ root: context.layout.root, role: 'reader' });
  const query = marketDataQuery(manager);
  const scope = scopeOf(flags, symbols, context);
  const range = rangeOf(flags, manager.calendarOf(flags.exchange));
  const adjust = flags.adjust as Adjust | undefined; // checked by scopeOf
  await using result: TickResult =
    range.last === undefined
      ? await query.ticks({
          ...scope,
          from: range.from,
          to: range.to,
          asOf: range.asOf,
          adjust,
          onGap: 'report',
        })
      : await query.lastTicks({ ...scope, count: range.last, before: range.before, adjust });
  tellGaps(context, result.missingDates);
  return await printRows<TickRow>(
    context,
    flags,
    {
      header: HEADER,
      rows: result.rows(),
      cellsOf: (row) => [
        row.symbol,
        timeText(row.ts),
        row.price,
        row.volume,
        row.bid,
        row.ask,
        row.seq,
      ],
      toParquet: (path) => result.toParquet(path),
    },
    { exchange: flags.exchange, ...factsOf(result) },
  );
}
