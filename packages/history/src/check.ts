import type { Layout } from '@tb/schema';
import { verifyCorrectionChain } from './correction.ts';
import { isHistoryError } from './errors.ts';
import { findStats } from './file-stats.ts';
import { findFiles } from './inventory.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import { verifyFile } from './verify.ts';

/** Something about market_data that is not as it should be. Plain data. */
export interface ManifestFinding {
  readonly code:
    | 'DAY_FILE_MISSING'
    | 'DAY_FILE_CORRUPT'
    | 'UNLISTED_FILE'
    | 'CORRECTION_CHAIN_BROKEN';
  /** Relative to the root. */
  readonly path: string;
  readonly message: string;
}

/**
 * Compares the manifest with the files: every listed file is there with its size and, when `full`, its sha256; no file
 * under a final name is unlisted; the chain of corrections holds to its end. Changes nothing.
 *
 * @param full Reads every byte: about 0.5 s a year of one symbol list. Not in a process that has files attached.
 */
export async function checkManifest(
  layout: Layout,
  snapshot: ManifestSnapshot,
  options: { readonly full?: boolean; readonly signal?: AbortSignal } = {},
): Promise<readonly ManifestFinding[]> {
  const findings: ManifestFinding[] = [];
  const entries = snapshot
    .exchanges()
    .flatMap((exchange) =>
      snapshot.allTradingDates(exchange).flatMap((date) => snapshot.revisionsOf(exchange, date)),
    );
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    if (entry.tier === 'pruned') continue;
    const finding = await checkFile(layout, entry, options.full ?? false);
    if (finding) findings.push(finding);
  }
  const listed = new Set(entries.map((entry) => entry.path));
  for (const { path } of findFiles(layout))
    if (!listed.has(path))
      findings.push({ code: 'UNLISTED_FILE', path, message: `${path} is not in the manifest` });
  return [...findings, ...chainFindings(snapshot, entries)];
}

async function checkFile(
  layout: Layout,
  file: { readonly path: string; readonly sizeBytes: number; readonly sha256: string },
  full: boolean,
): Promise<ManifestFinding | undefined> {
  const { path } = file;
  if (full) {
    try {
      await verifyFile(layout, file);
      return undefined;
    } catch (error) {
      if (!isHistoryError(error)) throw error;
      const code = isHistoryError(error, 'DAY_FILE_MISSING') ? error.code : 'DAY_FILE_CORRUPT';
      return { code: code as 'DAY_FILE_MISSING', path, message: error.message };
    }
  }
  const stats = await findStats(layout.absolute(path));
  if (!stats) return { code: 'DAY_FILE_MISSING', path, message: `Day file ${path} is not there` };
  if (Number(stats.size) === file.sizeBytes) return undefined;
  const message = `Day file ${path} is ${stats.size} bytes, the manifest says ${file.sizeBytes}`;
  return { code: 'DAY_FILE_CORRUPT', path, message };
}

function chainFindings(
  snapshot: ManifestSnapshot,
  entries: readonly { readonly path: string; readonly correctionId: number | undefined }[],
): ManifestFinding[] {
  const code = 'CORRECTION_CHAIN_BROKEN' as const;
  try {
    verifyCorrectionChain(snapshot.corrections);
  } catch (error) {
    if (!isHistoryError(error, 'CORRECTION_CHAIN_BROKEN')) throw error;
    return [{ code, path: 'market_data/manifest.db', message: error.message }];
  }
  const last = snapshot.corrections.length;
  return entries
    .filter((entry) => entry.correctionId !== undefined && entry.correctionId > last)
    .map(({ path, correctionId }) => ({
      ...{ code, path },
      message: `${path} was published by correction ${correctionId}, the chain ends at ${last}`,
    }));
}
