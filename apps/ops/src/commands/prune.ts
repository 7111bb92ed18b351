import {
  Manifest,
  ManifestWriter,
  prunableRevisions,
  pruneRevisions,
  sweepGarbage,
} from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import type { CommandResult } from '../output.ts';

interface Flags {
  readonly keepDays: number;
  readonly dryRun?: boolean;
  readonly wait: number;
}

/** `tb prune`: superseded revisions, and files that nothing lists any more. */
export function register(program: Command, execute: Execute): void {
  program
    .command('prune')
    .description(
      'remove revisions that a correction superseded 90 days ago and no backtest read, and files left for readers',
    )
    .option('--keep-days <days>', 'a superseded revision stays so long', Number, 90)
    .option('--dry-run', 'name them, remove nothing')
    .option('--wait <ms>', 'wait so long for the writer lock of market_data', Number, 30_000)
    .addHelpText('after', '\nExample:\n  $ tb prune --dry-run')
    .action((flags: Flags, self: Command) => execute(self, (context) => run(context, flags)));
}

async function run(context: Context, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  await assertInitialised(layout);
  if (!(flags.keepDays >= 0)) throw new OpsError('BAD_OPTION', '--keep-days is a number from 0');
  const pinned = await pathsOfRuns(layout.root);
  using manifest = Manifest.openReader(layout);
  const snapshot = manifest.snapshot();
  const now = BigInt(Date.now()) * 1_000_000n;
  const rules = snapshot
    .exchanges()
    .map((exchange) => ({ exchange, keepDays: flags.keepDays, pinned }));
  if (flags.dryRun === true) {
    const files = rules
      .flatMap((rule) => prunableRevisions(snapshot, { ...rule, now }))
      .map((file) => layout.absolute(file.path));
    return {
      status: 'planned',
      fields: { revisions: files, swept: [] },
      lines: [`would remove ${files.length} revisions`, ...files.map((file) => `  ${file}`)],
    };
  }
  await using writer = await ManifestWriter.open({
    layout,
    purpose: 'prune',
    waitMs: flags.wait,
    signal: context.signal,
  });
  const revisions = rules
    .flatMap((rule) => pruneRevisions(writer, rule))
    .map((file) => layout.absolute(file.path));
  const swept = sweepGarbage(writer).map((path) => layout.absolute(path));
  const status = revisions.length + swept.length > 0 ? 'pruned' : 'already_pruned';
  return {
    status,
    fields: { revisions, swept },
    lines: [
      `${status}: ${revisions.length} revisions, ${swept.length} files swept`,
      ...revisions.map((file) => `  ${file}`),
    ],
  };
}

/** What a finished run read stays: it can be verified and repeated. */
async function pathsOfRuns(root: string): Promise<ReadonlySet<string>> {
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const rows = await manager.read('index', (db) =>
    db.selectFrom('run_inputs').select('path').distinct().execute(),
  );
  return new Set(rows.map((row) => row.path));
}
