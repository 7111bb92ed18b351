/**
 * What a live buffer tells its owner. The `step` events name each point at which a crash has its own way of recovery;
 * a handler runs synchronously inside that step.
 */
export type LiveEvent =
  | { readonly type: 'step'; readonly step: LiveStep }
  | {
      readonly type: 'recovered';
      readonly deleted: number;
      readonly quarantined: number;
      readonly nextSeq: bigint;
    }
  | { readonly type: 'segment_quarantined'; readonly path: string; readonly reason: string }
  | {
      readonly type: 'sealed' | 'compacted';
      readonly tradingDate: string;
      readonly rows: number;
      readonly durationMs: number;
    }
  | {
      readonly type: 'job_failed';
      readonly job: 'seal' | 'compact' | 'checkpoint';
      readonly error: unknown;
    }
  | { readonly type: 'disk_full'; readonly ballastReleased: boolean }
  | { readonly type: 'wal_large'; readonly sizeBytes: number }
  | { readonly type: 'rows_dropped'; readonly rows: number; readonly source: string | undefined }
  | { readonly type: 'failed'; readonly error: unknown };

/** In the order of one seal; `compact.*` likewise. Steps of the child are reported before they are taken. */
export type LiveStep =
  | 'flush.begin'
  | 'flush.before_commit'
  | 'flush.committed'
  | `${'seal' | 'compact'}.${SegmentStep}`
  | 'garbage.before_unlink'
  | 'garbage.unlinked'
  | 'clear.before_commit'
  | 'clear.committed'
  | 'freeze.committed';

export type SegmentStep =
  | 'reserved'
  | 'child_write'
  | 'child_checkpoint'
  | 'child_detach'
  | 'child_sha256'
  | 'child_fsync'
  | 'child_link'
  | 'child_fsync_dir'
  | 'child_done'
  | 'before_commit'
  | 'committed';

export type LiveEventHandler = (event: LiveEvent) => void;
