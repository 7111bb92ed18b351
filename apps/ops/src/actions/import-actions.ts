import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { rawText } from '../input/cell-row.ts';
import { type Input, wantedRows } from '../input/cell-source.ts';
import { openRejects, type Rejects } from '../input/rejects.ts';
import type { ActionRecord } from './action-record.ts';
import { ACTION_COLUMNS, checkRow } from './check-row.ts';
import { RecordPlan } from './plan-records.ts';
import { insertRecords, storedRecords } from './stored-records.ts';

export interface ImportActionsOptions {
  readonly exchange: string;
  readonly inputs: readonly Input[];
  /** Of rows that do not say it, ns UTC. Default: the start of the command. */
  readonly knownAt?: bigint | undefined;
  readonly dryRun: boolean;
}

export interface ActionTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly startedAt: Date;
}

export interface ImportedActions {
  readonly status: 'imported' | 'already_imported' | 'planned';
  readonly rowsRead: number;
  /** Records that were not there; those that take the place of an earlier one count here too. */
  readonly rowsAccepted: number;
  readonly rowsSuperseding: number;
  /** Rows that say what is known already. */
  readonly rowsDuplicate: number;
  readonly rowsRejected: number;
  readonly rejectedFile: string | null;
}

interface ReadRow {
  readonly file: string;
  readonly row: number;
  readonly raw: string;
  readonly record: ActionRecord;
}

/**
 * Takes splits, dividends and symbol changes into the config database, all rows in one transaction of its owner. Safe to
 * run again. A record is never changed: a correction is stored beside it with a later `knownAt`.
 *
 * @throws `INPUT_*`, `COLUMN_MISSING`, `ALL_ROWS_REJECTED`, and what the manager throws.
 */
export async function importActions(
  options: ImportActionsOptions,
  tools: ActionTools,
): Promise<ImportedActions> {
  const { exchange, dryRun } = options;
  const { layout, signal, startedAt } = tools;
  const rejects = openRejects(layout, 'actions', startedAt);
  try {
    const { rows, rowsRead } = await readAll(options, tools, rejects);
    await using manager = await DatabaseManager.open({
      ...{ root: layout.root, role: 'api', purpose: 'tb actions import', signal },
    });
    const planned = dryRun
      ? await manager.read('config', async (db) =>
          planRows(await storedRecords(db, exchange), rows, rejects),
        )
      : await manager.write('config', async (tx) => {
          const plan = planRows(await storedRecords(tx, exchange), rows, rejects);
          await insertRecords(tx, exchange, plan.records);
          return plan;
        });
    const rejectedFile = (dryRun ? rejects.discard() : rejects.close()) ?? null;
    if (rejects.count === rowsRead)
      throw new OpsError(
        'ALL_ROWS_REJECTED',
        `All ${rowsRead} rows were rejected; the reasons are in ${rejectedFile ?? 'the rejected file of a run without --dry-run'}`,
      );
    const { records, superseding, known } = planned;
    return {
      status: dryRun ? 'planned' : records.length > 0 ? 'imported' : 'already_imported',
      rowsRead,
      rowsAccepted: records.length,
      rowsSuperseding: superseding,
      rowsDuplicate: known,
      rowsRejected: rejects.count,
      rejectedFile,
    };
  } finally {
    rejects.discard();
  }
}

/** Every row of the inputs, checked on its own. @throws `INPUT_EMPTY` */
async function readAll(
  { inputs, knownAt }: ImportActionsOptions,
  { startedAt }: ActionTools,
  rejects: Rejects,
): Promise<{ readonly rows: readonly ReadRow[]; readonly rowsRead: number }> {
  const now = BigInt(startedAt.getTime()) * 1_000_000n;
  const rows: ReadRow[] = [];
  let rowsRead = 0;
  for (const input of inputs)
    for await (const block of wantedRows(input, ACTION_COLUMNS, process.stdin))
      for (const cell of block) {
        rowsRead += 1;
        const at = { file: input.name, row: cell.row, raw: rawText(cell.raw) };
        const checked = checkRow(cell, knownAt ?? now, now);
        if ('reason' in checked) rejects.add([{ ...at, reason: checked.reason }]);
        else rows.push({ ...at, record: checked });
      }
  if (rowsRead === 0)
    throw new OpsError('INPUT_EMPTY', `No rows in ${inputs.map(({ name }) => name).join(', ')}`);
  return { rows, rowsRead };
}

function planRows(
  stored: readonly ActionRecord[],
  rows: readonly ReadRow[],
  rejects: Rejects,
): { readonly records: ActionRecord[]; readonly superseding: number; readonly known: number } {
  const plan = new RecordPlan(stored);
  const records: ActionRecord[] = [];
  let [superseding, known] = [0, 0];
  for (const { record, ...at } of rows) {
    const planned = plan.add(record);
    if (planned === 'known') known += 1;
    else if (typeof planned === 'object') rejects.add([{ ...at, reason: planned.reason }]);
    else {
      records.push(record);
      if (planned === 'supersedes') superseding += 1;
    }
  }
  return { records, superseding, known };
}
