import { posix } from 'node:path';
import { type DayFileKey, hashFile, type Kind, type Layout, STORED_TIMEFRAMES } from '@tb/schema';
import { dayFileLabel } from './day-file.ts';
import { dayFoldersOf, exchangesOnDisk, namesIn, parseDayFileName } from './day-folders.ts';
import { type DuckConnection, literal, readRow, readRows, withCleanup } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats } from './file-stats.ts';
import { profileOf } from './profile.ts';
import type { FileRecord } from './publish.ts';
import { archiveRelation } from './relation.ts';

/** A file found on the disk under a final name. */
export interface FoundFile {
  readonly key: DayFileKey;
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly tier: 'hot' | 'archive';
}

/** What a file says about itself. */
export interface DescribedFile {
  readonly record: FileRecord;
  /** sid to text. */
  readonly symbols: ReadonlyMap<number, string>;
  /** When the file was last written, ns UTC. */
  readonly writtenAt: bigint;
}

/** Every file under a final name below market_data, day files and archive, in the order of their paths. */
export function findFiles(layout: Layout): readonly FoundFile[] {
  const hot = exchangesOnDisk(layout).flatMap((exchange) =>
    dayFoldersOf(layout, exchange).flatMap(({ kind, timeframe, path }) =>
      namesIn(layout.absolute(path)).flatMap((name): FoundFile[] => {
        const parsed = parseDayFileName(name);
        if (!parsed) return [];
        const key: DayFileKey = { exchange, kind, timeframe, ...parsed };
        return [{ key, path: posix.join(path, name), tier: 'hot' }];
      }),
    ),
  );
  return [...hot, ...findArchives(layout)];
}

function findArchives(layout: Layout): FoundFile[] {
  const found: FoundFile[] = [];
  const root = 'market_data/archive';
  const children = (path: string, prefix: string): string[] =>
    namesIn(layout.absolute(path)).filter((name) => name.startsWith(prefix));
  for (const exchange of children(root, 'exchange='))
    for (const kind of children(`${root}/${exchange}`, 'kind=')) {
      const folder = `${root}/${exchange}/${kind}`;
      const folders =
        kind === 'kind=ticks'
          ? [{ timeframe: '' as const, path: folder }]
          : STORED_TIMEFRAMES.map((timeframe) => ({
              timeframe,
              path: `${folder}/timeframe=${timeframe}`,
            }));
      for (const { timeframe, path } of folders)
        for (const date of children(path, 'date='))
          for (const name of children(`${path}/${date}`, 'r')) {
            const revision = /^r([1-9]\d*)\.parquet$/.exec(name)?.[1];
            if (revision === undefined) continue;
            const key: DayFileKey = {
              exchange: exchange.slice('exchange='.length),
              kind: kind.slice('kind='.length) as Kind,
              timeframe,
              tradingDate: date.slice('date='.length),
              revision: Number(revision),
            };
            found.push({ key, path: `${path}/${date}/${name}`, tier: 'archive' });
          }
    }
  return found;
}

/**
 * Reads what a file says about itself: metadata, symbols, rows, hash. Reads every byte and every row.
 * @throws `DAY_FILE_CORRUPT` when it cannot be read, or is another file than its name says.
 */
export async function describeFile(
  connection: DuckConnection,
  layout: Layout,
  file: FoundFile,
): Promise<DescribedFile> {
  const absolute = layout.absolute(file.path);
  if (await findStats(`${absolute}.wal`))
    throw new HistoryError('DAY_FILE_CORRUPT', `${file.path} has a .wal beside it`);
  const { sha256, stats } = await hashFile(absolute);
  try {
    const contents =
      file.tier === 'hot'
        ? await describeDayFile(connection, absolute, file.key.kind)
        : await describeArchive(connection, absolute, file.key.kind);
    assertNamedRight(file, contents.metadata);
    const { metadata, profile, symbols } = contents;
    return {
      symbols,
      writtenAt: stats.mtimeNs,
      record: {
        ...file.key,
        path: file.path,
        rows: profile.rows,
        symbols: profile.symbols.length,
        minTs: profile.minTs === undefined ? null : String(profile.minTs),
        maxTs: profile.maxTs === undefined ? null : String(profile.maxTs),
        sizeBytes: Number(stats.size),
        sha256,
        contentHash: profile.contentHash,
        schemaVersion: String(metadata['schema_version']),
        sourceFingerprint: String(metadata['source_fingerprint']),
        writerVersion: String(metadata['writer_version']),
        duckdbVersion: String(metadata['duckdb_version']),
      },
    };
  } catch (error) {
    if (error instanceof HistoryError) throw error;
    throw new HistoryError('DAY_FILE_CORRUPT', `${file.path} is not readable as a day file`, {
      cause: error,
    });
  }
}

interface Contents {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly profile: Awaited<ReturnType<typeof profileOf>>;
  readonly symbols: ReadonlyMap<number, string>;
}

async function describeDayFile(
  connection: DuckConnection,
  path: string,
  kind: Kind,
): Promise<Contents> {
  await connection.run(`ATTACH ${literal(path)} AS tb_found (TYPE duckdb, READ_ONLY)`);
  const describe = async (): Promise<Contents> => {
    const metadata = await readRow(connection, 'SELECT * FROM tb_found.main.metadata');
    const rows = await readRows(connection, 'SELECT sid, symbol FROM tb_found.main.symbols');
    const profile = await profileOf(connection, kind, 'tb_found.main.data');
    return { metadata, profile, symbols: symbolsOf(rows) };
  };
  return await withCleanup(describe, () => connection.run('DETACH tb_found'));
}

async function describeArchive(
  connection: DuckConnection,
  path: string,
  kind: Kind,
): Promise<Contents> {
  const pairs = await readRows(
    connection,
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${literal(path)})`,
  );
  const rows = await readRows(
    connection,
    `SELECT DISTINCT sid, symbol FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  return {
    metadata: Object.fromEntries(pairs.map((pair) => [String(pair['key']), pair['value']])),
    profile: await profileOf(connection, kind, archiveRelation(path, kind)),
    symbols: symbolsOf(rows),
  };
}

function symbolsOf(rows: readonly Record<string, unknown>[]): ReadonlyMap<number, string> {
  return new Map(rows.map((row) => [row['sid'] as number, String(row['symbol'])]));
}

/** A file of another exchange or date put in its place describes itself as what it is. */
function assertNamedRight(file: FoundFile, metadata: Readonly<Record<string, unknown>>): void {
  const { key } = file;
  const told = ['exchange', 'kind', 'timeframe', 'trading_date', 'revision']
    .map((name) => String(metadata[name]))
    .join(' ');
  const named = [key.exchange, key.kind, key.timeframe, key.tradingDate, key.revision].join(' ');
  if (told !== named)
    throw new HistoryError(
      'DAY_FILE_CORRUPT',
      `${file.path} says that it is ${told}, its name says ${dayFileLabel(key)}`,
    );
}
