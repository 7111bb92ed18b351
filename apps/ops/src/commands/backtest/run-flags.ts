import type { RunConfig } from '@tb/backtest';
import type { SessionCalendar } from '@tb/calendar';
import { assertExchange, parseTimeframe } from '@tb/schema';
import type { Command } from 'commander';
import { OpsError } from '../../errors.ts';
import { assertRange, timeOption } from '../../read/time-range.ts';

/** Options of `run` and `sweep`. */
export interface RunFlags {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly timeframe: string;
  readonly from: string;
  readonly to: string;
  readonly tz?: string;
  readonly seed: string;
  readonly cash?: number;
  readonly feeRate?: number;
  readonly feePerOrder?: number;
  readonly slippage?: number;
  readonly leverage?: number;
  readonly longOnly?: boolean;
  readonly onGap: string;
}

export function addRunOptions(command: Command): Command {
  return command
    .argument(
      '<strategy>',
      'id of a strategy (moving-average-cross, mean-reversion), or path of a .js module',
    )
    .requiredOption('--exchange <exchange>', 'e.g. nse')
    .requiredOption('--symbols <symbols...>', 'one or more, separated by commas or spaces')
    .requiredOption('--from <time>', 'trading date, or ISO time with zone; included')
    .requiredOption('--to <time>', 'trading date, or ISO time with zone; not included')
    .option('--timeframe <timeframe>', 'candles that the strategy sees', '1m')
    .option('--tz <zone>', 'zone of times that carry none')
    .option('--seed <seed>', 'of every random choice', '0')
    .option('--cash <money>', 'money at the start (default: 100,000)', Number)
    .option('--fee-rate <fraction>', 'fee as a fraction of the traded value, e.g. 0.0003', Number)
    .option('--fee-per-order <money>', 'fee per filled order', Number)
    .option('--slippage <fraction>', 'how much worse market and stop orders fill', Number)
    .option(
      '--leverage <factor>',
      'highest gross exposure, as a multiple of equity (default: 1)',
      Number,
    )
    .option('--long-only', 'no short positions')
    .option('--on-gap <policy>', 'error (default) or report: what a missing session does', 'error');
}

/** @throws `BAD_OPTION`, `BAD_NAME`, `TIME_ZONE_MISSING` */
export function runConfigOf(flags: RunFlags, calendar: SessionCalendar): RunConfig {
  assertExchange(flags.exchange);
  parseTimeframe(flags.timeframe);
  if (!/^\d{1,18}$/.test(flags.seed))
    throw new OpsError('BAD_OPTION', `--seed ${flags.seed} is not a whole number from 0`);
  const [from, to] = [
    timeOption('--from', flags.from, flags.tz, calendar),
    timeOption('--to', flags.to, flags.tz, calendar),
  ];
  assertRange(from, to, flags);
  return {
    exchange: flags.exchange,
    symbols: flags.symbols.flatMap((text) => text.split(',')).filter((symbol) => symbol !== ''),
    timeframe: flags.timeframe,
    from,
    to,
    seed: BigInt(flags.seed),
    startingCash: flags.cash,
    fees: { rate: flags.feeRate, perOrder: flags.feePerOrder },
    slippage: flags.slippage,
    leverage: flags.leverage,
    allowShort: flags.longOnly !== true,
  };
}

/** @throws `BAD_OPTION` */
export function gapPolicy(flags: RunFlags): 'error' | 'report' {
  if (flags.onGap !== 'error' && flags.onGap !== 'report')
    throw new OpsError('BAD_OPTION', `--on-gap ${flags.onGap} is not one of error, report`);
  return flags.onGap;
}

/** `name=value` pairs. @throws `BAD_OPTION` */
export function pairsOf(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1)
        throw new OpsError(
          'BAD_OPTION',
          `${option} ${JSON.stringify(text)} is not of the form name=value`,
        );
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
