import { userInfo } from 'node:os';
import { discardFiles, publishFiles } from '@tb/history';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { gateError } from '../gates.ts';
import { type BuildJob, type BuiltDate, type ImportDate, publishedOf } from './build-job.ts';
import type { ImportedDate, ImportOptions, ImportTools } from './import-options.ts';
import { quarantineLost } from './lost-files.ts';
import type { ManifestTurns } from './manifest-turns.ts';

/**
 * One publication: the built files of one trading date, under the lock of market_data for a moment.
 * @throws `GATE_FAILED`, `DATE_EXISTS`, `LOCK_HELD`
 */
export async function publishDate(
  built: BuiltDate,
  job: BuildJob,
  options: Pick<ImportOptions, 'correction'>,
  tools: Pick<ImportTools, 'layout' | 'onStep'> & { readonly manifest: Pick<ManifestTurns, 'use'> },
): Promise<ImportedDate> {
  const { layout } = tools;
  const date = built.tradingDate;
  const file = built.files.find(
    (each) => each.kind === job.input.kind && each.timeframe === job.input.timeframe,
  );
  const rows = built.rows[job.input.timeframe || 'ticks'] ?? 0;
  if (!built.ok) throw gateError(`${job.exchange} ${built.tradingDate}`, built.gates);
  if (job.dryRun)
    return { date, status: 'planned', rows, sha256: null, path: null, revision: null };
  const planned = job.dates.find((each) => each.tradingDate === date);
  if (built.files.length === 0 && planned) return oldDate(planned, job, layout);
  const published = planned?.published ?? [];
  const isReplacing = built.files.some((each) =>
    published.some((old) => old.kind === each.kind && old.timeframe === each.timeframe),
  );
  if (isReplacing && !options.correction) {
    await discardFiles(layout, built.files);
    throw new OpsError('DATE_EXISTS', `${job.exchange} ${date} is published with other candles`);
  }
  const correction =
    isReplacing && options.correction
      ? {
          who: options.correction.who ?? userInfo().username,
          why: options.correction.why,
          ...(built.changes ?? { rowsAdded: 0, rowsRemoved: 0, rowsChanged: 0 }),
        }
      : undefined;
  await tools.manifest.use(async (writer) => {
    await publishFiles(writer, built.files, {
      correction,
      onStep: (step) => tools.onStep?.(step),
    });
    await quarantineLost(writer, built.lost);
  });
  return {
    date,
    status: correction ? 'corrected' : 'imported',
    rows,
    sha256: file?.sha256 ?? null,
    path: file ? layout.absolute(file.path) : null,
    revision: file?.revision ?? null,
  };
}

/** A date that nothing new was found for. */
export function oldDate(date: ImportDate, job: BuildJob, layout: Layout): ImportedDate {
  const file = publishedOf(date, job.input);
  return {
    date: date.tradingDate,
    status: 'already_imported',
    rows: file?.rows ?? 0,
    sha256: file?.sha256 ?? null,
    path: file ? layout.absolute(file.path) : null,
    revision: file?.revision ?? null,
  };
}
