import { DatabaseManager } from '@tb/manager';
import { assertExchange } from '@tb/schema';
import type { Command } from 'commander';
import { type ActionRecord, byDate, newestOf } from '../../actions/action-record.ts';
import { storedRecords } from '../../actions/stored-records.ts';
import { assertInitialised } from '../../assert-initialised.ts';
import type { Context } from '../../context.ts';
import type { Execute } from '../../execute.ts';
import { timeText } from '../../format/time-text.ts';
import { type CommandResult, tableOf } from '../../output.ts';
import { timeOption } from '../../read/time-range.ts';

interface Flags {
  readonly exchange: string;
  readonly asOf?: string;
  readonly all?: boolean;
}

/** `tb actions list`. */
export function registerList(actions: Command, execute: Execute): void {
  actions
    .command('list')
    .description('the corporate actions that count, by date')
    .argument('[symbols...]', 'of these symbols only, under their old or new name')
    .requiredOption('--exchange <exchange>', 'e.g. xnas')
    .option('--as-of <time>', 'what was known at that time: a trading date, or ISO with a zone')
    .option('--all', 'superseded records too')
    .addHelpText('after', '\nExample:\n  $ tb actions list AAPL --exchange xnas')
    .action((symbols: string[], flags: Flags, self: Command) =>
      execute(self, (context) => run(context, symbols, flags)),
    );
}

async function run(
  context: Context,
  symbols: readonly string[],
  flags: Flags,
): Promise<CommandResult> {
  const { exchange } = flags;
  assertExchange(exchange);
  await assertInitialised(context.layout);
  await using manager = await DatabaseManager.open({ root: context.layout.root, role: 'reader' });
  const asOf =
    flags.asOf === undefined
      ? BigInt(context.startedAt.getTime()) * 1_000_000n
      : timeOption('--as-of', flags.asOf, undefined, manager.calendarOf(exchange));
  const stored = await manager.read('config', (db) => storedRecords(db, exchange));
  const known = stored.filter((record) => record.knownAt <= asOf);
  const counting = newestOf(known, asOf);
  const wanted = (flags.all === true ? known.sort(byDate) : counting).filter(
    ({ symbol, value }) =>
      symbols.length === 0 || symbols.includes(symbol) || symbols.includes(String(value)),
  );
  const rows = wanted.map((record) => rowOf(record, counting.includes(record)));
  return {
    status: 'ok',
    fields: { exchange, actions: rows },
    lines: tableOf(
      ['date', 'symbol', 'kind', 'factor', 'new_symbol', 'known_at', ''],
      rows.map((row) => [
        ...[row.date, row.symbol, row.kind, row.factor ?? '-', row.newSymbol ?? '-', row.knownAt],
        row.isCurrent ? '' : 'superseded',
      ]),
    ),
  };
}

function rowOf({ kind, symbol, date, value, knownAt }: ActionRecord, isCurrent: boolean) {
  return {
    ...{ date, symbol, kind },
    factor: typeof value === 'number' ? value : null,
    newSymbol: typeof value === 'string' ? value : null,
    knownAt: timeText(knownAt),
    isCurrent,
  };
}
