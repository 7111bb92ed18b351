import { DatabaseManager, type SqlResult } from '@tb/manager';
import type { Column } from '@tb/schema';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import type { Cell } from '../format/row-writer.ts';
import { timeText } from '../format/time-text.ts';
import type { CommandResult } from '../output.ts';
import { type OutputFlags, outputFormat, plainWatermark, printRows } from '../read/print-rows.ts';

interface SqlFlags extends OutputFlags {
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** `tb sql`: read-only SQL over history and live. */
export function register(program: Command, execute: Execute): void {
  program
    .command('sql')
    .description(
      'one read-only query over the views ticks, candles_1m, candles_5m, candles_15m, candles_1h, candles_1d',
    )
    .argument('<sql>', 'SELECT, WITH or DESCRIBE; columns: exchange, symbol, ts, ...')
    .option('--timeout-ms <ms>', 'give up after so long', Number, 30_000)
    .option('--memory-mb <mb>', 'memory of the query', Number, 512)
    .option('--format <format>', 'table (default), csv or json')
    .option('--out <file>', 'write to a file that does not exist yet')
    .addHelpText(
      'after',
      '\nExample:\n  $ tb sql "SELECT symbol, count(*) AS n, sum(volume) AS volume FROM ticks GROUP BY ALL ORDER BY n DESC LIMIT 10"',
    )
    .action((sql: string, flags: SqlFlags, self: Command) =>
      execute(self, (context) => run(context, sql, flags)),
    );
}

async function run(context: Context, sql: string, flags: SqlFlags): Promise<CommandResult> {
  if (outputFormat(flags) === 'parquet')
    throw new OpsError('BAD_OPTION', 'sql writes table, csv or json');
  for (const [name, value] of [
    ['--timeout-ms', flags.timeoutMs],
    ['--memory-mb', flags.memoryMb],
  ] as const)
    if (!Number.isSafeInteger(value) || value < 1)
      throw new OpsError('BAD_OPTION', `${name} is not a whole number above 0`);
  await using manager = await DatabaseManager.open({ root: context.layout.root, role: 'reader' });
  await using session = await manager.openSql({
    timeoutMs: flags.timeoutMs,
    memoryLimit: `${flags.memoryMb}MB`,
  });
  const result = await session.query(sql, context.signal);
  return await printRows<readonly Cell[]>(
    context,
    flags,
    {
      header: result.columns.map((column) => column.name),
      rows: rowsOf(result),
      cellsOf: (cells) => cells,
    },
    { columns: result.columns, watermark: result.watermark && plainWatermark(result.watermark) },
  );
}

async function* rowsOf(result: SqlResult): AsyncGenerator<readonly Cell[]> {
  const isTime = result.columns.map((column) => column.type.startsWith('TIMESTAMP'));
  for await (const chunk of result.chunks) {
    for (let row = 0; row < chunk.rows; row += 1) {
      yield chunk.columns.map((column, at) =>
        chunk.valid[at]?.[row] === 0 ? null : cellOf(column, row, isTime[at] === true),
      );
    }
  }
}

function cellOf(column: Column, row: number, isTime: boolean): Cell {
  const value = column[row];
  return isTime && typeof value === 'bigint' ? timeText(value) : value;
}
