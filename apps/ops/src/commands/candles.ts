import { DatabaseManager } from '@tb/manager';
import type { Adjust, CandleResult, CandleRow, OnGap } from '@tb/queries';
import { assertExchange, parseTimeframe } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { timeText } from '../format/time-text.ts';
import type { CommandResult } from '../output.ts';
import { marketDataQuery } from '../read/market-data.ts';
import { factsOf, outputFormat, printRows, tellGaps } from '../read/print-rows.ts';
import { addRangeOptions, type RangeFlags, rangeOf, scopeOf } from '../read/range-flags.ts';

interface CandleFlags extends RangeFlags {
  readonly timeframe: string;
  readonly onGap: string;
  readonly closedOnly?: boolean;
}

const ON_GAP: readonly string[] = ['report', 'error', 'null', 'fill'];
const HEADER: readonly string[] = ['symbol', 'ts', 'open', 'high', 'low', 'close', 'volume'];

/** `tb candles`: history and live as one. */
export function register(program: Command, execute: Execute): void {
  const command = program
    .command('candles')
    .description(
      'candles of symbols, history and live as one; other timeframes are resampled from 1m',
    )
    .argument('[symbols...]', 'symbols; none means every symbol of the exchange')
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .requiredOption('--timeframe <timeframe>', 'any whole number of minutes or days: 1m 7m 1h 1d')
    .option('--on-gap <policy>', 'report (default), error, null or fill', 'report')
    .option('--closed-only', 'leave out the candle that forms');
  addRangeOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ tb candles YESBANK --exchange nse --timeframe 15m --from 2019-10-27 --to 2019-10-29',
    )
    .action((symbols: string[], flags: CandleFlags, self: Command) =>
      execute(self, (context) => run(context, symbols, flags)),
    );
}

async function run(
  context: Context,
  symbols: readonly string[],
  flags: CandleFlags,
): Promise<CommandResult> {
  assertExchange(flags.exchange);
  parseTimeframe(flags.timeframe);
  if (!ON_GAP.includes(flags.onGap))
    throw new OpsError('BAD_OPTION', `--on-gap ${flags.onGap} is not one of ${ON_GAP.join(', ')}`);
  const isFilled = flags.onGap === 'null' || flags.onGap === 'fill';
  if (isFilled && flags.last !== undefined)
    throw new OpsError('BAD_OPTION', `--on-gap ${flags.onGap} wants --from and --to, not --last`);
  outputFormat(flags);
  await using manager = await DatabaseManager.open({ root: context.layout.root, role: 'reader' });
  const query = marketDataQuery(manager);
  const calendar = manager.calendarOf(flags.exchange);
  const scope = {
    ...scopeOf(flags, symbols, context),
    timeframe: flags.timeframe,
    closedOnly: flags.closedOnly,
  };
  const adjust = flags.adjust as Adjust | undefined; // checked by the query
  const onGap = flags.onGap as OnGap; // checked above
  const range = rangeOf(flags, calendar);
  await using result: CandleResult =
    range.last === undefined
      ? await query.candles({
          ...scope,
          from: range.from,
          to: range.to,
          asOf: range.asOf,
          adjust,
          onGap,
        })
      : await query.lastCandles({
          ...scope,
          count: range.last,
          before: range.before,
          adjust,
          onGap: onGap === 'error' ? 'error' : 'report',
        });
  tellGaps(context, result.missingDates);
  return await printRows<CandleRow>(
    context,
    flags,
    {
      header: isFilled ? [...HEADER, 'filled'] : HEADER,
      rows: result.rows(),
      cellsOf: (row) => [
        row.symbol,
        timeText(row.ts),
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        ...(isFilled ? [row.filled] : []),
      ],
      toParquet: (path) => result.toParquet(path),
    },
    {
      exchange: flags.exchange,
      timeframe: parseTimeframe(flags.timeframe).text,
      ...factsOf(result),
    },
  );
}
