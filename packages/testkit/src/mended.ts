/** What the campaigns found and a change has mended; each is a named test, which failed before the change. */
export interface Mended {
  /** Part of the name of the test. */
  readonly test: string;
  /** File of the test, from the root of the repository. */
  readonly file: string;
  readonly found: string;
}

const REGRESSIONS = 'packages/testkit/test/80.regressions.test.ts';

export const MENDED: readonly Mended[] = [
  {
    test: 'regress-8-skipped-batch',
    file: REGRESSIONS,
    found:
      'live buffer, EIO once in one of several queued commits: a later commit moved the mark of the source past rows that were refused',
  },
  {
    test: 'regress-8-hot-journal',
    file: REGRESSIONS,
    found:
      'init, kill inside the first transaction of a database: the next init refused the half-made file',
  },
  {
    test: 'regress-8-temporary-left',
    file: REGRESSIONS,
    found: 'init, kill before a rename: a temporary file stayed after the next init',
  },
  {
    test: 'regress-8-lock-after-power-cut',
    file: REGRESSIONS,
    found: 'ingest, power cut: the lock that was left needed a manual step',
  },
  {
    test: 'regress-8-folder-names',
    file: REGRESSIONS,
    found:
      'live buffer, power cut with strict names: the folder of a new buffer was not durable when its first rows were acked',
  },
  {
    test: 'regress-8-import-placed',
    file: 'apps/ops/test/import.test.ts',
    found:
      'import, power cut after files were placed and before they were published: the rerun failed',
  },
  {
    test: 'regress-8-manifest-log',
    file: REGRESSIONS,
    found:
      'rebuild-manifest, ENOSPC or EIO while the log was emptied at close: exit 0 and a damaged manifest; kill between two renames: no manifest',
  },
  {
    test: 'regress-8-engine-words',
    file: 'apps/ops/test/told-error.test.ts',
    found: 'import, ENOSPC in an appender of DuckDB: exit 1, as if it were a bug',
  },
  {
    test: 'regress-8-lost-live-db',
    file: 'packages/live/test/reader.test.ts',
    found:
      'damaged files, live.db missing or empty: queries answered without the rows of today, and the next writer began an empty buffer',
  },
  {
    test: 'regress-8-wrong-page',
    file: 'packages/live/test/reader.test.ts',
    found: 'damaged files, two pages of live.db swapped: a TypeError instead of a code',
  },
  {
    test: 'regress-8-no-memory',
    file: 'apps/ops/test/told-error.test.ts',
    found:
      'import, archive, a limit of memory: an allocation that failed in DuckDB was told as a bug, exit 1',
  },
  {
    test: 'regress-8-named-file',
    file: 'apps/ops/test/system-errors.test.ts',
    found: 'backup, init, a full disk: the error named no file, and said nothing to do',
  },
  {
    test: 'regress-8-file-too-large',
    file: 'apps/ops/test/system-errors.test.ts',
    found: 'drill, a limit of the file size: EFBIG was told as a bug, exit 1',
  },
  {
    test: 'regress-8-sealed-manifest',
    file: 'apps/ops/test/backup-manifest.test.ts',
    found:
      'damaged files, one digit of a backup manifest: another time or epoch was believed, by the retention rule too',
  },
  {
    test: 'regress-8-reason-of-mkdir',
    file: 'packages/schema/test/create-folder.test.ts',
    found:
      'live buffer, a read-only or full disk: the error of a folder that could not be made was "no such file or directory"',
  },
  {
    test: 'regress-8-open-words',
    file: 'packages/live/test/errors.test.ts',
    found:
      'live buffer, a disk that fills up while it opens: the bare words of SQLite, without a file or a hint',
  },
  {
    test: 'regress-8-torn-proof',
    file: 'apps/ops/test/proofs.test.ts',
    found:
      'drill, a disk that fills up in the middle of a proof: the next proof was glued to it, and lost',
  },
  {
    test: 'regress-8-appender-words',
    file: 'apps/ops/test/told-error.test.ts',
    found:
      'import --add, EIO once at a sync of the stage: "Failed to append: fsync failed!" of DuckDB was exit 1, as if it were a bug',
  },
];
