import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { Execute } from '../execute.ts';
import { type MigrateAnswer, migrate } from '../migrate/migrate.ts';
import { parseClocks, parseExchanges, parseMemoryMb } from '../migrate/options.ts';
import { type CommandResult, tableOf } from '../output.ts';

interface MigrateFlags {
  readonly from: string;
  readonly dryRun?: boolean;
  readonly clock?: readonly string[];
  readonly mapExchange?: readonly string[];
  readonly withWal?: boolean;
  readonly memoryMb?: string;
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `tb migrate`: an old monolith into the six databases. */
export function register(program: Command, execute: Execute): void {
  program
    .command('migrate')
    .description(
      'an old trading_bot.duckdb into the databases; every row accounted for, the source untouched',
    )
    .requiredOption('--from <file>', 'the old file, opened read-only')
    .option('--dry-run', 'the same reading and counting; nothing is written')
    .option(
      '--clock <table=zone>',
      'utc or Asia/Kolkata for times that fit both; TABLE or TABLE.COLUMN, may be repeated',
      collect,
    )
    .option(
      '--map-exchange <segment=exchange>',
      'exchange of keys whose segment is not NSE_, BSE_ or MCX_; * for keys without one; may be repeated',
      collect,
    )
    .option('--with-wal', 'a .wal beside the file belongs to it: read both')
    .option('--memory-mb <mb>', 'memory of the reading process (default: 512)')
    .addHelpText('after', '\nExample:\n  $ tb migrate --from trading_bot.duckdb --dry-run')
    .action((flags: MigrateFlags, self: Command) =>
      execute(self, (context) => run(context, flags)),
    );
}

async function run(context: Context, flags: MigrateFlags): Promise<CommandResult> {
  const progress = context.progress('migrate');
  try {
    const { status, ...fields } = await migrate(
      {
        from: flags.from,
        dryRun: flags.dryRun,
        clocks: parseClocks(flags.clock ?? []),
        exchanges: parseExchanges(flags.mapExchange ?? []),
        withWal: flags.withWal,
        memoryLimitMb: parseMemoryMb(flags.memoryMb),
      },
      { layout: context.layout, signal: context.signal, progress },
    );
    return { status, fields, lines: linesOf({ status, ...fields }) };
  } finally {
    progress.end();
  }
}

function linesOf(answer: MigrateAnswer): string[] {
  const header = [
    'table',
    'target',
    'rows',
    'moved',
    'duplicates',
    'quarantined',
    'archived',
    'note',
  ];
  const rows = answer.tables.map((one) => [
    one.table,
    one.target,
    one.rowsIn,
    one.moved,
    one.duplicates,
    one.quarantined,
    one.archived,
    [
      ...(one.note === null ? [] : [one.note]),
      ...Object.entries(one.reasons).map(([reason, count]) => `${reason} ${count}`),
    ].join(', '),
  ]);
  const unclear = answer.clocks.filter(({ hint }) => hint !== null);
  return [
    `${answer.source.path}: ${answer.status}`,
    ...tableOf(header, rows),
    ...unclear.map(
      ({ table, column, unclearRows, hint }) =>
        `The clock of ${unclearRows} times in ${table}.${column} fits UTC and India alike: ${hint}`,
    ),
    ...answer.findings
      .filter(({ kind }) => !kind.startsWith('gate'))
      .map(({ subject, observed }) => `${subject}: ${observed}`),
    ...(answer.quarantineFile === null ? [] : [`Quarantine: ${answer.quarantineFile}`]),
    ...(answer.archive.sha256 === null ? [] : [`Archive: ${answer.archive.path}`]),
  ];
}
